"""Keeping the garbage collector away from what stays for good."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_heap() -> None:
    """Take all that is alive out of the collector's sight, once in a process.

    To be called when the large libraries are loaded and the many small objects of a long run are
    about to come. Torch and Ray leave some 350,000 objects, which each full collection would
    otherwise look through for most of a second. What is frozen is still freed when nothing refers
    to it any more; only cycles among it stay.
    """
    gc.collect()
    gc.freeze()
