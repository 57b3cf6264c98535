"""Work in a thread of its own for as long as something else lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def alongside(work: Callable[[threading.Event], None], *, name: str) -> Iterator[None]:
    """Run `work` beside the block; it is to return soon after the event that it is given is set.

    The event is set at the block's end, which waits for `work` to return.
    """
    ended = threading.Event()
    thread = threading.Thread(target=work, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
