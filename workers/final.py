"""The winner's training on training and validation images, and its one test on test images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nas.artifacts import ArtifactStore, record_artifact
from nas.database import Database
from nas.database.artifacts import FINAL_WEIGHTS_KIND
from nas.database.jobs import find_or_raise_job, lock_job
from nas.database.trials import find_best_trial, list_trials
from nas.datasets import AnyData, find_or_raise_dataset
from nas.errors import NasError
from nas.evaluation import TrialTask
from nas.final import FinalResult
from nas.job import JobSpec
from nas.layout import WEIGHTS_NAME, final_directory
from nas.recipe import Recipe
from search_spaces import parse_architecture
from workers.placement import ShareOf
from workers.retraining import retrain
from workers.training.acceleration import Acceleration
from workers.training.evaluator import FinalProgress


@dataclass(frozen=True)
class JobFinal:
    """What is left of one job once its trials are over; `run` goes on from what is recorded."""

    database: Database
    artifacts: ArtifactStore
    artifact_dir: Path
    job_id: str
    spec: JobSpec

    def run(
        self,
        data: AnyData,
        share_of: ShareOf,
        acceleration: Acceleration,
        should_stop: Callable[[], bool],
    ) -> None:
        """Retrain the winner and test it, unless an earlier run of the job has done so.

        Raises:
            NasError: There is no winner, or it cannot be trained again.
            ClusterLostError: The cluster was lost meanwhile.
        """
        task = self.task()
        if task is None:
            return
        timeout_seconds = self.spec.resources.epoch_timeout_seconds
        for progress in retrain(data, task, share_of(task), acceleration, timeout_seconds):
            if progress.test is not None:
                self._record_test(task, progress)
                return
            with self.database.write() as session:
                lock_job(session, self.job_id).final_epoch = progress.epoch
            if should_stop():
                return

    def task(self) -> TrialTask | None:
        """Return what is to be trained, None where the job's best trial has been tested."""
        with self.database.read() as session:
            final = find_or_raise_job(session, self.job_id).final_json
            best = find_best_trial(session, self.job_id)
            if final is not None and best is not None and final["trial_id"] == best.id:
                return None
            if best is None:
                reasons = [t.error for t in list_trials(session, self.job_id) if t.error]
                first = f"; the first: {reasons[0]}" if reasons else ""
                raise NasError(f"no trial was completed within the constraints{first}")
        info = find_or_raise_dataset(self.spec.dataset).info
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
            seed=self.spec.seed,
            directory=final_directory(self.artifact_dir, self.job_id),
            shortage=best.shortage,  # what did not fit in the search does not now
        )

    def _record_test(self, task: TrialTask, progress: FinalProgress) -> None:
        """Record the winner's test with its weights, and let go of where it was retrained."""
        test = progress.test
        if test is None:
            raise ValueError(f"trial {task.trial_id} has not been tested")
        weights = task.directory / WEIGHTS_NAME
        self.artifacts.put(weights)
        with self.database.write() as session:
            job = lock_job(session, self.job_id)
            job.final_epoch = task.epochs
            job.final_json = FinalResult(
                trial_id=task.trial_id,
                epochs=task.epochs,
                test_accuracy=test.accuracy,
                test_loss=test.loss,
                batch_size=None if progress.shortage is None else progress.shortage.batch_size,
            ).model_dump()
            record_artifact(
                session,
                self.artifacts,
                weights,
                job_id=self.job_id,
                kind=FINAL_WEIGHTS_KIND,
                details={"trial_id": task.trial_id, "epoch": task.epochs},
            )
        shutil.rmtree(task.directory)
