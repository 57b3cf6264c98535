"""What the runs of `benchmarks.faults` came to, one JSON line each, and their table."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class FaultRun:
    """One job and its fault, after so many epochs; `problem` says why it is not sound."""

    fault: str
    after_epochs: int
    recovery_seconds: float
    problem: str | None = None

    @property
    def json(self) -> str:
        """The run as a line of a file."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, line: str) -> FaultRun:
        """Read such a line."""
        return cls(**json.loads(line))

    @property
    def line(self) -> str:
        """The run in words."""
        end = "sound" if self.problem is None else f"NOT SOUND, {self.problem}"
        return (
            f"{self.fault} after {self.after_epochs} epochs: {end}; "
            f"went on after {self.recovery_seconds:.1f} s"
        )


def table(runs: Sequence[FaultRun]) -> str:
    """Return a table in Markdown, a row per fault."""
    lines = [
        "| fault | times | jobs that ended sound | seconds to recover, median | longest |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for fault in dict.fromkeys(run.fault for run in runs):
        of_fault = [run for run in runs if run.fault == fault]
        sound = sum(run.problem is None for run in of_fault)
        seconds = [run.recovery_seconds for run in of_fault]
        lines.append(
            f"| {fault} | {len(of_fault)} | {sound} | {statistics.median(seconds):.1f} "
            f"| {max(seconds):.1f} |"
        )
    return "\n".join(lines)
