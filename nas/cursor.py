"""Cursors of paged listings: opaque to who passes them on, and only good for the same listing."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from nas.errors import InvalidInputError

_LONGEST = 512


def write_cursor(listing: str, *position: Any) -> str:
    """Write a position of a listing; `listing` says of which, and in which order."""
    content = json.dumps([listing, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_cursor(text: str, listing: str, length: int) -> list[Any]:
    """Read a position of so many parts back.

    Raises:
        InvalidInputError: It was never given out, or was for another listing or order.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(content, list) or len(content) != length + 1 or content[0] != listing:
            raise ValueError(text)
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidInputError(
            f"cursor: got {text[:80]!r}, allowed: the `next_cursor` of a page with the same order"
        ) from None
    return content[1:]
