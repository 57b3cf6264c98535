"""Checkpoints that outlive their trial, for longer evaluations of the same candidate to go on from.

An epoch depends on the learning rate, and that on the epochs over which it decays: the recipe's
`schedule_epochs`, or the budget where it names none. Only a trial with the same architecture,
data, recipe, seed and that same horizon repeats a checkpoint's epochs to the last digit, so only
such a trial takes one up: where jobs name a common horizon and differ in their epochs, or where
the earlier trial was pruned. Without either, each budget is a training of its own.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from nas.database import Database
from nas.database.artifacts import ArtifactRow, list_trial_artifacts, new_artifact
from nas.database.trials import TrialRow, list_resumable
from nas.layout import CHECKPOINT_NAME, trial_directory
from nas.recipe import Recipe
from nas.status import TrialStatus

CHECKPOINT_KIND = "checkpoint"


def find_checkpoint(session: Session, artifact_dir: Path, trial: TrialRow) -> TrialRow | None:
    """Return the trial whose checkpoint takes `trial` furthest, if any is kept."""
    for earlier in list_resumable(session, trial):
        if (_directory(artifact_dir, earlier) / CHECKPOINT_NAME).is_file():
            return earlier
    return None


def resume_directory(database: Database, artifact_dir: Path, trial: TrialRow) -> Path | None:
    """Return where the checkpoint lay that a trial goes on from, if it does from any."""
    if trial.resumed_from is None:
        return None
    with database.read() as session:
        earlier = session.get(TrialRow, trial.resumed_from)
    return None if earlier is None else _directory(artifact_dir, earlier)


def keep_checkpoint(session: Session, artifact_dir: Path, trial: TrialRow, limit: int) -> bool:
    """Record an ended trial's checkpoint if a longer evaluation could go on from it.

    Of a job's checkpoints the `limit` most accurate ones stay, and the others are removed. Returns
    whether the trial's own stays.
    """
    directory = _directory(artifact_dir, trial)
    horizon = Recipe.model_validate(trial.recipe_json).horizon(trial.budget)
    if (
        trial.status not in (TrialStatus.COMPLETED, TrialStatus.PRUNED)
        or trial.epochs_done >= horizon
        or trial.shortage is not None
        or not (directory / CHECKPOINT_NAME).is_file()
    ):
        return False
    session.add(
        new_artifact(
            artifact_dir,
            directory / CHECKPOINT_NAME,
            job_id=trial.job_id,
            trial_id=trial.id,
            kind=CHECKPOINT_KIND,
            details={"epoch": trial.epochs_done, "horizon": horizon},
        )
    )
    session.flush()
    kept = list_trial_artifacts(session, trial.job_id, CHECKPOINT_KIND)
    kept.sort(key=lambda pair: (-(pair[1].accuracy or 0.0), pair[1].number))
    for artifact, _ in kept[limit:]:
        _remove(session, artifact_dir, artifact)
    return any(owner.id == trial.id for _, owner in kept[:limit])


def _remove(session: Session, artifact_dir: Path, artifact: ArtifactRow) -> None:
    session.delete(artifact)
    (artifact_dir / artifact.path).unlink(missing_ok=True)


def _directory(artifact_dir: Path, trial: TrialRow) -> Path:
    return trial_directory(artifact_dir, trial.job_id, trial.id)
