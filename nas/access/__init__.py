"""Who may do what: roles, keys and the quotas that come with them."""

from nas.access.principal import OPEN, Principal, Role
from nas.access.quota import NO_QUOTA, Quota
from nas.access.tokens import KeyToken, new_token, parse_token

__all__ = [
    "NO_QUOTA",
    "OPEN",
    "KeyToken",
    "Principal",
    "Quota",
    "Role",
    "new_token",
    "parse_token",
]
