"""A trial that hangs is ended by its own process, and one that is slow but alive is not.

What hangs may never run Python again: a kernel, a collective, a read from a file system that is
gone. So the process is ended from outside the interpreter, by faulthandler's watchdog, which writes
where each thread stood. The trial is then placed anew, as after any crash of its worker, and the
next process finds what the watchdog left and fails the trial in place of training it.
"""

from __future__ import annotations

import faulthandler
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nas.errors import TrialFailedError
from nas.evaluation import EpochReport, TrialTask, WrappedEvaluator

_LOG = logging.getLogger(__name__)
_STACKS_NAME = "timeout.txt"


@dataclass(frozen=True)
class TimedEvaluator(WrappedEvaluator):
    """Ends this process where another evaluator takes longer than `seconds` for one epoch.

    The first epoch's time includes all that comes before it, such as moving images to a device.
    """

    seconds: float

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield the reports of the other evaluator.

        Raises:
            TrialFailedError: An earlier process of this trial was ended for its time.
        """
        stacks = _take_stacks(task.directory)
        if stacks:
            _LOG.error("it stood here when its time was over:\n%s", stacks)
            raise TrialFailedError(f"timed out after {self.seconds:g} s without an epoch")
        reports = iter(self.inner.evaluate(task))
        while True:
            with _ended_after(self.seconds, task.directory):
                report = next(reports, None)
            if report is None:
                return
            yield report


@contextmanager
def _ended_after(seconds: float, directory: Path) -> Iterator[None]:
    """End this process if the block lasts longer, and leave its threads' stacks."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _STACKS_NAME
    with path.open("w") as file:
        faulthandler.dump_traceback_later(seconds, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            path.unlink(missing_ok=True)


def _take_stacks(directory: Path) -> str:
    """Return what the watchdog left, once; nothing where a process died in another way."""
    path = directory / _STACKS_NAME
    try:
        stacks = path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    path.unlink()
    return stacks.strip()
