"""API keys as text: made once, shown once, kept as an Argon2 hash."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from nas.ids import new_id

_SECRET_BYTES = 32
_TOKEN = re.compile(r"nas_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class KeyToken:
    """A key as its holder sends it: `nas_`, its id without hyphens, and a secret of 256 bits."""

    key_id: str
    secret: str

    def __str__(self) -> str:
        return f"nas_{self.key_id.replace('-', '')}_{self.secret}"

    def __repr__(self) -> str:
        return f"KeyToken({self.key_id!r})"  # no secret in a log or a traceback

    def hashed(self) -> str:
        """Return what the database keeps: Argon2id with its salt and cost (RFC 9106)."""
        return _hasher().hash(self.secret)

    def matches(self, stored: str) -> bool:
        """Tell whether `stored` is this token's hash, in a time that says nothing of it."""
        try:
            return _hasher().verify(stored, self.secret)
        except (Argon2Error, InvalidHashError):
            return False


def new_token() -> KeyToken:
    """Make a key; nobody can find it from what is stored."""
    return KeyToken(new_id(), secrets.token_urlsafe(_SECRET_BYTES))


def parse_token(text: str) -> KeyToken | None:
    """Read a key as it was sent, None where it has not the form of one."""
    match = _TOKEN.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return KeyToken("-".join(parts), match[2])


@cache
def hash_of_nobody() -> str:
    """Return a hash to check unknown keys against, so that they take as long as known ones."""
    return new_token().hashed()


@cache
def _hasher() -> PasswordHasher:
    # 256 random bits need no stretching; a little keeps the form that reviewers expect.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
