"""Retraining a job's winner to the full budget, seed by seed, and testing it once for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nas.artifacts import ArtifactStore, record_artifact
from nas.database import Database
from nas.database.artifacts import FINAL_WEIGHTS_KIND
from nas.database.jobs import find_or_raise_job, lock_job
from nas.database.trials import find_best_trial, list_trials
from nas.datasets import find_or_raise_dataset
from nas.errors import NasError
from nas.evaluation import Metrics, TrialTask
from nas.final import FinalResult, SeedResult
from nas.job import JobSpec
from nas.layout import WEIGHTS_NAME, final_directory
from nas.provenance import Environment
from nas.recipe import Recipe
from search_spaces import parse_architecture

if TYPE_CHECKING:
    from workers.training.evaluator import FinalProgress


@dataclass(frozen=True)
class WinnerTraining:
    """Knows from the database which seeds are left, so that another runner goes on where one died.

    The first seed is the job's own, and its weights are kept; of those that follow it only the
    figures are.
    """

    database: Database
    artifacts: ArtifactStore
    artifact_dir: Path
    job_id: str
    spec: JobSpec

    def run(
        self,
        retrain: Callable[[TrialTask], Iterator[FinalProgress]],
        should_stop: Callable[[], bool],
    ) -> None:
        """Retrain with each seed that is left; `retrain` yields an epoch at a time, then the test.

        Raises:
            NasError: No trial was completed within the constraints.
        """
        while not should_stop():
            task = self.next_task()
            if task is None:
                return
            for progress in retrain(task):
                if progress.test is not None:
                    self._record(task, progress.test, progress.environment)
                    break
                with self.database.write() as session:
                    lock_job(session, self.job_id).final_epoch = progress.epoch
                if should_stop():
                    return

    def next_task(self) -> TrialTask | None:
        """Return what is to be trained next, None once the winner has a test for each seed."""
        with self.database.read() as session:
            stored = find_or_raise_job(session, self.job_id).final_json
            best = find_best_trial(session, self.job_id)
            if best is None:
                reasons = [t.error for t in list_trials(session, self.job_id) if t.error]
                first = f"; the first: {reasons[0]}" if reasons else ""
                raise NasError(f"no trial was completed within the constraints{first}")
        final = None if stored is None else FinalResult.model_validate(stored)
        wanted = max(self.spec.final_seeds, 1 if final is None else final.seeds_wanted)
        done = 0 if final is None or final.trial_id != best.id else 1 + len(final.further)
        if done >= wanted:
            return None
        info = find_or_raise_dataset(self.spec.dataset).info
        directory = final_directory(self.artifact_dir, self.job_id)
        return TrialTask(
            trial_id=best.id,
            number=best.number,
            architecture=parse_architecture(best.architecture_json),
            input_shape=info.input_shape,
            num_classes=info.num_classes,
            recipe=Recipe.model_validate(best.recipe_json).model_copy(
                update={"schedule_epochs": None}  # to the end, over its own epochs
            ),
            epochs=self.spec.final_epochs,
            seed=self.spec.seed + done,
            # Of its own for each: a checkpoint that a crash left is not another seed's.
            directory=directory if done == 0 else directory / f"seed-{self.spec.seed + done}",
        )

    def _record(self, task: TrialTask, test: Metrics, environment: Environment | None) -> None:
        """Record a test, the first with its weights, and let go of where it was trained."""
        if task.seed == self.spec.seed:
            self._record_first(task, test, environment)
        else:
            result = SeedResult(seed=task.seed, test_accuracy=test.accuracy, test_loss=test.loss)
            with self.database.write() as session:
                job = lock_job(session, self.job_id)
                job.final_epoch = task.epochs
                final = FinalResult.model_validate(job.final_json)
                job.final_json = final.model_copy(
                    update={"further": (*final.further, result)}
                ).model_dump(mode="json")
        shutil.rmtree(task.directory)

    def _record_first(
        self, task: TrialTask, test: Metrics, environment: Environment | None
    ) -> None:
        weights = task.directory / WEIGHTS_NAME
        self.artifacts.put(weights)
        with self.database.write() as session:
            job = lock_job(session, self.job_id)
            job.final_epoch = task.epochs
            wanted = 1 if job.final_json is None else job.final_json.get("seeds_wanted", 1)
            job.final_json = FinalResult(
                trial_id=task.trial_id,
                epochs=task.epochs,
                test_accuracy=test.accuracy,
                test_loss=test.loss,
                seeds_wanted=max(self.spec.final_seeds, wanted),
                environment=environment,
            ).model_dump(mode="json")
            record_artifact(
                session,
                self.artifacts,
                weights,
                job_id=self.job_id,
                kind=FINAL_WEIGHTS_KIND,
                details={"trial_id": task.trial_id, "epoch": task.epochs, "seed": task.seed},
            )
