"""Writing a trial's log in the process that trains it."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass

from nas.evaluation import EpochReport, TrialTask, WrappedEvaluator
from nas.layout import TRIAL_LOG_NAME
from nas.logs import TextFormatter, log_context

_LOG = logging.getLogger(__name__)
_OWN = ("nas", "search_spaces", "workers")
"""Loggers whose progress is of interest; of all others, warnings are."""


@dataclass(frozen=True)
class LoggedEvaluator(WrappedEvaluator):
    """Keeps what another evaluator prints, warns of and logs, its progress, and why it failed.

    It takes the process's output for itself while it works on a trial: one trial at a time.
    """

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield the reports of the other evaluator."""
        with _written_to_log(task):
            _LOG.info(
                "trial %d: %d epochs, %d of them recorded before; architecture %s, seed %d",
                task.number,
                task.epochs,
                task.epochs_recorded,
                task.architecture.content_hash,
                task.seed,
            )
            reports = iter(self.inner.evaluate(task))
        while True:
            with _written_to_log(task):
                try:
                    report = next(reports)
                except StopIteration:
                    return
                except Exception as error:
                    _LOG.error("%s: %s", type(error).__name__, error, exc_info=True)
                    raise
                _LOG.info(
                    "epoch %d of %d: accuracy %.4f, loss %.4f, training loss %.4f, "
                    "%.2f s in training, %.2f s in validation",
                    report.epoch,
                    task.epochs,
                    report.metrics.accuracy,
                    report.metrics.loss,
                    report.train_loss,
                    report.train_seconds,
                    report.validate_seconds,
                )
            yield report


@contextmanager
def _written_to_log(task: TrialTask) -> Iterator[None]:
    """Append to the trial's log what is logged, warned of and printed until the block ends."""
    task.directory.mkdir(parents=True, exist_ok=True)
    root, own = logging.getLogger(), [logging.getLogger(name) for name in _OWN]
    levels = [logger.level for logger in own]
    handler = _TrialLogHandler(task.directory / TRIAL_LOG_NAME, encoding="utf-8")
    handler.setFormatter(TextFormatter())
    output = _Printed(handler)
    for logger in own:
        logger.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        with (
            log_context(job_id=task.job_id, trial_id=task.trial_id),
            redirect_stdout(output),
            redirect_stderr(output),
        ):
            yield
    finally:
        output.end_line()
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.close()
        for logger, level in zip(own, levels, strict=True):
            logger.setLevel(level)


class _TrialLogHandler(logging.FileHandler):
    """Appends to a trial's log; where it cannot, the trial goes on without."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say so on the process's own standard error, for `sys.stderr` leads back here."""
        with redirect_stderr(sys.__stderr__):
            super().handleError(record)

    def close(self) -> None:
        """Let go of the file, though a full disk refuses once more what `handleError` told of."""
        with suppress(OSError):
            super().close()


class _Printed(io.TextIOBase):
    """Takes what is printed and hands each line to a handler, past all loggers."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self._handler = handler
        self._line = ""

    def write(self, text: str) -> int:
        """Hand over the lines that are whole."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._emit(line)
        return len(text)

    def end_line(self) -> None:
        """Hand over what has not been ended."""
        if self._line:
            self._emit(self._line)
            self._line = ""

    def _emit(self, line: str) -> None:
        record = logging.LogRecord("print", logging.INFO, "", 0, line, None, None)
        record.levelname = "PRINT"
        self._handler.handle(record)
