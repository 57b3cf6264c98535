"""Identifiers and times, in the one form used everywhere."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562, section 5.7): its order is the order of creation.

    48 bits of milliseconds, then 12 bits of the fraction of the millisecond, then randomness.
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | fraction << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(text: object) -> bool:
    """Tell whether something has the form of an identifier, whether or not it was given out."""
    return isinstance(text, str) and _FORM.fullmatch(text) is not None


def utc_now() -> datetime:
    """Return the present moment, aware of its zone."""
    return datetime.now(UTC)
