"""What runs in the actors that Ray Tune reuses from trial to trial."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from ray import tune

from nas.errors import TrialFailedError, TrialInfeasibleError
from nas.evaluation import EpochReport, Evaluator
from nas.heap import freeze_heap
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from workers.handing_out import Handout


@dataclass(frozen=True, slots=True)
class Ending:
    """Says that a trial ended without completing, and why."""

    status: TrialStatus
    reason: str
    shortage: MemoryShortage | None = None

    @classmethod
    def of(cls, error: TrialInfeasibleError) -> Ending:
        """Say that a trial cannot be evaluated here."""
        return cls(TrialStatus.INFEASIBLE, str(error), error.shortage)


class TrialTrainable(tune.Trainable):
    """Runs one trial after the other in the same actor, an epoch per step."""

    def setup(self, config: dict[str, Any], evaluator: Evaluator | None = None) -> None:
        """Take the first trial; `evaluator` arrives once per actor through the object store."""
        if evaluator is None:
            raise TypeError("TrialTrainable needs its evaluator, see `tune.with_parameters`")
        freeze_heap()
        self._evaluator = evaluator
        self._reports: Iterator[EpochReport] = iter(())
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self.cleanup()
        handout: Handout = new_config["handout"]
        self._task = handout.task
        self._reports = self._evaluator.evaluate(self._task)
        self._ending: Ending | None = new_config.get("ending")
        self._is_described = False
        return True

    def cleanup(self) -> None:
        """Let go of what the trial holds beside this actor; it may have been stopped early."""
        if isinstance(self._reports, Generator):
            self._reports.close()

    def step(self) -> dict[str, Any]:
        """Run the next epoch; the result carries its report, or how the trial ended.

        The first of a trial carries what it runs with, too.
        """
        if self._ending is not None:
            return _ended(self._ending)
        try:
            report = next(self._reports)
        except TrialInfeasibleError as error:
            return _ended(Ending.of(error))
        except TrialFailedError as error:
            return _ended(Ending(TrialStatus.FAILED, str(error)))
        except Exception as error:  # a candidate's failure must never be the job's
            return _ended(Ending(TrialStatus.FAILED, f"{type(error).__name__}: {error}"))
        result = {"report": report, "done": report.epoch >= self._task.epochs}
        if not self._is_described:
            self._is_described = True
            result["environment"] = self._evaluator.environment()
        return result

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Do nothing: evaluators keep their own checkpoints."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Do nothing: evaluators keep their own checkpoints."""


def _ended(ending: Ending) -> dict[str, Any]:
    return {"ending": ending, "done": True}
