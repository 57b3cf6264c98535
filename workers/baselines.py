"""Measuring a job's baselines, and recording each as soon as it is measured.

What is recorded is not measured again, so that a resumed job goes on where it stood.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from nas.artifacts import ArtifactStore, record_artifact
from nas.baselines import BaselineResult
from nas.baselines.measuring import Measured, measure_on_test, measure_on_validation
from nas.database import Database
from nas.database.baselines import (
    PICTURE_KIND,
    add_baseline,
    list_baselines,
    record_baseline_test,
)
from nas.database.jobs import lock_job
from nas.datasets import AnyData, ImageData, find_or_raise_dataset, held_in_memory
from nas.job import JobSpec
from workers.parallel import Outcome

T = TypeVar("T")


class CallEach(Protocol):
    """Calls a function for each name and yields what ends, as `workers.parallel.call_each` does."""

    def __call__(
        self, function: Callable[..., T], names: Sequence[str], arguments: tuple[Any, ...]
    ) -> Iterator[Outcome[T]]:
        """Call `function(name, *arguments)` for each name."""


@dataclass(frozen=True)
class JobBaselines:
    """The baselines of one job: `measure` before its search, `test` after the winner's test."""

    database: Database
    artifacts: ArtifactStore
    job_id: str
    spec: JobSpec
    data: AnyData
    call_each: CallEach

    def measure(self) -> None:
        """Fit on training images and measure on validation images those not recorded yet."""
        with self.database.read() as session:
            recorded = {row.name for row in list_baselines(session, self.job_id)}
        missing = [name for name in self.spec.baselines if name not in recorded]
        if not missing:
            return
        for outcome in self.call_each(measure_on_validation, missing, self._arguments):
            self._record(outcome)

    def test(self) -> None:
        """Fit on training and validation images, and test once, those that are not tested yet."""
        with self.database.read() as session:
            untested = [
                row.name
                for row in list_baselines(session, self.job_id)
                if row.test_accuracy is None and row.error is None
            ]
        if not untested:
            return
        for outcome in self.call_each(measure_on_test, untested, self._arguments):
            with self.database.write() as session:
                record_baseline_test(
                    session, self.job_id, outcome.name, outcome.value, outcome.error
                )

    @property
    def _arguments(self) -> tuple[ImageData, int, int]:
        classes = find_or_raise_dataset(self.spec.dataset).info.num_classes
        return held_in_memory(self.data, "a baseline"), classes, self.spec.seed

    def _record(self, outcome: Outcome[Measured]) -> None:
        measured = outcome.value or Measured(BaselineResult(name=outcome.name, error=outcome.error))
        with tempfile.TemporaryDirectory(prefix="nas-baseline-") as directory:
            picture = Path(directory) / f"{outcome.name}.png"
            if measured.picture is not None:
                picture.write_bytes(measured.picture)
                self.artifacts.put(picture)
            with self.database.write() as session:
                lock_job(session, self.job_id)
                is_new = add_baseline(session, self.job_id, measured.result)
                if is_new and measured.picture is not None:
                    record_artifact(
                        session,
                        self.artifacts,
                        picture,
                        job_id=self.job_id,
                        kind=PICTURE_KIND,
                        details={"baseline": outcome.name},
                    )
