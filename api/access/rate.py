"""Requests per minute of each key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimiter:
    """A token bucket per key, as deep as one minute's requests; each server process has its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, key_id: str, per_minute: int) -> float:
        """Take one request from the key's bucket; returns how long to wait if it is empty, or 0."""
        now, rate = self._clock(), per_minute / 60.0
        with self._lock:
            bucket = self._buckets.setdefault(key_id, _Bucket(per_minute, now))
            bucket.tokens = min(per_minute, bucket.tokens + (now - bucket.filled_at) * rate)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return (1 - bucket.tokens) / rate
            bucket.tokens -= 1
            return 0.0
