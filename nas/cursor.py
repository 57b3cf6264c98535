"""Cursors of paged listings: opaque to who passes them on, and only good for the same listing."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from nas.errors import InvalidInputError
from nas.ids import is_id

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
        raise no_cursor(text) from None
    return content[1:]


def read_id_cursor(text: str, listing: str) -> str:
    """Read the id back at which a page of a listing in the order of ids ends.

    Raises:
        InvalidInputError: It was never given out, or was for another listing.
    """
    (last,) = read_cursor(text, listing, 1)
    if not is_id(last):
        raise no_cursor(text)
    return str(last)


def no_cursor(text: str) -> InvalidInputError:
    """Say that a text is not a cursor."""
    return InvalidInputError(
        f"cursor: got {text[:80]!r}, allowed: the `next_cursor` of a page with the same order"
    )
