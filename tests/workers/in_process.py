"""The cluster's stand-in: calls are made here, one after the other."""

from __future__ import annotations

from workers.parallel import Outcome


class InProcess:
    """Calls as `call_each` does; remembers the calls, and stops or fails where told to."""

    def __init__(self, *, stop_after: int | None = None, failing: str | None = None) -> None:
        self.calls: list[tuple[str, str]] = []
        self._stop_after, self._failing = stop_after, failing

    def __call__(self, function, names, arguments):
        for name in names:
            if len(self.calls) == self._stop_after:
                return
            self.calls.append((function.__name__, name))
            if name == self._failing:
                yield Outcome(name, error="MemoryError: too large")
            else:
                yield Outcome(name, function(name, *arguments))
