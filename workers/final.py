"""The winner's training on training and validation images, and its one test on test images."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nas.artifacts import ArtifactStore, record_artifact
from nas.database import Database
from nas.database.artifacts import FINAL_WEIGHTS_KIND
from nas.database.jobs import find_or_raise_job, lock_job
from nas.database.trials import find_best_trial, list_trials
from nas.datasets import AnyData, find_or_raise_dataset
from nas.errors import NasError
from nas.evaluation import Metrics, TrialTask
from nas.final import FinalResult, SeedResult
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
    """What is left of one job once its trials are over; `run` goes on from what is recorded.

    The winner is trained with each seed that is wanted. The first is the job's own, and its weights
    are kept; of those that follow only the figures are.
    """

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
        """Retrain the winner and test it, with each seed that no earlier run has done so with.

        Raises:
            NasError: There is no winner, or it cannot be trained again.
            ClusterLostError: The cluster was lost meanwhile.
        """
        timeout_seconds = self.spec.resources.epoch_timeout_seconds
        self.train(
            lambda task: retrain(data, task, share_of(task), acceleration, timeout_seconds),
            should_stop,
        )

    def train(
        self,
        training: Callable[[TrialTask], Iterator[FinalProgress]],
        should_stop: Callable[[], bool],
    ) -> None:
        """Run `training`, an epoch at a time and the test at last, for each task that is left."""
        while not should_stop():
            task = self.task()
            if task is None:
                return
            for progress in training(task):
                if progress.test is not None:
                    self._record(task, progress, progress.test)
                    break
                with self.database.write() as session:
                    lock_job(session, self.job_id).final_epoch = progress.epoch
                if should_stop():
                    return

    def task(self) -> TrialTask | None:
        """Return what is to be trained, None where the best trial was tested with every seed."""
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
        directory = final_directory(self.artifact_dir, self.job_id)
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
            seed=self.spec.seed + done,
            # Of its own for each: a checkpoint that a crash left is not another seed's.
            directory=directory if done == 0 else directory / f"seed-{self.spec.seed + done}",
            shortage=best.shortage,  # what did not fit in the search does not now
        )

    def _record(self, task: TrialTask, progress: FinalProgress, test: Metrics) -> None:
        """Record a test, the first with its weights, and let go of where it was trained."""
        if task.seed == self.spec.seed:
            self._record_first(task, progress, test)
        else:
            result = SeedResult(seed=task.seed, test_accuracy=test.accuracy, test_loss=test.loss)
            with self.database.write() as session:
                job = lock_job(session, self.job_id)
                job.final_epoch = task.epochs
                final = FinalResult.model_validate(job.final_json)
                further = {"further": (*final.further, result)}
                job.final_json = final.model_copy(update=further).model_dump(mode="json")
        shutil.rmtree(task.directory)

    def _record_first(self, task: TrialTask, progress: FinalProgress, test: Metrics) -> None:
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
                batch_size=None if progress.shortage is None else progress.shortage.batch_size,
                seeds_wanted=max(self.spec.final_seeds, wanted),
                environment=progress.environment,
            ).model_dump(mode="json")
            record_artifact(
                session,
                self.artifacts,
                weights,
                job_id=self.job_id,
                kind=FINAL_WEIGHTS_KIND,
                details={"trial_id": task.trial_id, "epoch": task.epochs, "seed": task.seed},
            )
