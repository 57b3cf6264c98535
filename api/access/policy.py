"""What the service asks of its callers, as its operator chose."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110, section 9.2.1)."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Whether keys are asked for, and from where browsers may write.

    `hosts` are the names under which the service may be addressed, None for any: where all may
    write, a page of another site could otherwise give itself this service's address (DNS
    rebinding). `origins` are sites other than its own whose pages may use the API (CORS).
    """

    needs_key: bool = False
    hosts: Sequence[str] | None = None
    origins: Sequence[str] = ()

    def is_known_host(self, header: str) -> bool:
        """Tell whether the `Host` header names this service."""
        return self.hosts is None or _without_port(header) in self.hosts

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Tell whether a page of `origin` may change something at `host`."""
        return origin in self.origins or urlsplit(origin).netloc == host


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0].lower()
