"""What is exported: an architecture, the data it is for, and its weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from nas.artifacts import WeightsOwner
from nas.database.jobs import JobRow, find_or_raise_job
from nas.database.targets import find_or_raise_job_or_trial
from nas.database.trials import TrialRow, find_best_trial, find_or_raise_trial
from nas.datasets import DatasetInfo, find_dataset_of_job
from nas.errors import ConflictError
from nas.export.lineage import Lineage
from nas.final import FinalResult
from nas.layout import WEIGHTS_NAME
from nas.representations import TrialView
from nas.resources import Resources
from search_spaces import Architecture, parse_architecture


@dataclass(frozen=True, slots=True)
class ExportSource:
    """A trained candidate: the job's retrained winner, or one trial as the search left it.

    `weights` is where its weights are read once they are fetched.
    """

    job_id: str
    trial: TrialView
    architecture: Architecture
    dataset: DatasetInfo
    weights_owner: WeightsOwner
    weights: Path
    final: FinalResult | None
    lineage: Lineage
    resources: Resources

    def require_weights(self) -> Path:
        """Return the weights' path; raises `ConflictError` if there are none yet."""
        if not self.weights.is_file():
            raise ConflictError(
                f"trial {self.trial.id} is {self.trial.status} and has no weights yet; "
                "formats that need none: json, card"
            )
        return self.weights


def find_or_raise_source(session: Session, directory: Path, target_id: str) -> ExportSource:
    """Find what a job's or a trial's id stands for; its weights are to be read in `directory`.

    Raises:
        NotFoundError: Neither a job nor a trial has this id.
        ConflictError: The job has no completed trial yet.
    """
    found = find_or_raise_job_or_trial(session, target_id)
    if isinstance(found, TrialRow):
        return _trial_source(session, directory, found)
    if found.final_json is None:
        best = find_best_trial(session, found.id)
        if best is None:
            raise ConflictError(f"job {found.id} is {found.status} and has no completed trial yet")
        return _trial_source(session, directory, best)
    final = FinalResult.model_validate(found.final_json)
    winner = find_or_raise_trial(session, final.trial_id)
    return _source(session, found, winner, WeightsOwner(found.id, None), directory, final)


def _trial_source(session: Session, directory: Path, trial: TrialRow) -> ExportSource:
    """Take a trial's own weights, or those of the equal evaluation that answered it."""
    trained = find_or_raise_trial(session, trial.cached_from or trial.id)
    owner = WeightsOwner(trained.job_id, trained.id)
    job = find_or_raise_job(session, trial.job_id)
    return _source(session, job, trial, owner, directory, None)


def _source(
    session: Session,
    job: JobRow,
    trial: TrialRow,
    owner: WeightsOwner,
    directory: Path,
    final: FinalResult | None,
) -> ExportSource:
    return ExportSource(
        job_id=job.id,
        trial=TrialView.of(trial),
        architecture=parse_architecture(trial.architecture_json),
        dataset=find_dataset_of_job(job.stored_spec.dataset).info,
        weights_owner=owner,
        weights=directory / WEIGHTS_NAME,
        final=final,
        lineage=Lineage.of(session, job, trial),
        resources=job.stored_spec.resources,
    )
