"""Checkpoints that outlive their trial, for longer evaluations of the same candidate to go on from.

An epoch depends on the learning rate, and that on the epochs over which it decays: the recipe's
`schedule_epochs`, or the budget where it names none. Only a trial with the same architecture,
data, recipe, seed and that same horizon repeats a checkpoint's epochs to the last digit, so only
such a trial takes one up: where jobs name a common horizon and differ in their epochs, or where
the earlier trial was pruned. Without either, each budget is a training of its own.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from sqlalchemy.orm import Session

from nas.artifacts import ArtifactStore, discard, fetch_artifact, record_artifact
from nas.database import Database
from nas.database.artifacts import (
    CHECKPOINT_KIND,
    WEIGHTS_KIND,
    find_artifact,
    list_trial_artifacts,
)
from nas.database.trials import TrialRow, find_or_raise_trial, list_resumable
from nas.errors import NasError
from nas.layout import CHECKPOINT_NAME, WEIGHTS_NAME, trial_directory
from nas.recipe import Recipe
from nas.status import TrialStatus

_LOG = logging.getLogger(__name__)
_FETCHED = "resumed"
"""Where, in a trial's directory, the checkpoint lies that it goes on from."""


def find_checkpoint(session: Session, trial: TrialRow) -> TrialRow | None:
    """Return the trial whose checkpoint takes `trial` furthest, if any is kept."""
    if trial.budget < 2:  # none is shorter, and trials of this kind may come by the thousand
        return None
    for earlier in list_resumable(session, trial):
        if find_artifact(session, earlier.job_id, CHECKPOINT_KIND, earlier.id) is not None:
            return earlier
    return None


def fetch_checkpoint(
    database: Database, store: ArtifactStore, artifact_dir: Path, trial: TrialRow
) -> Path | None:
    """Fetch the checkpoint that `trial` goes on from into a directory of its own.

    Returns that directory, or None where there is no such checkpoint any more.
    """
    if trial.resumed_from is None:
        return None
    with database.read() as session:
        earlier = session.get(TrialRow, trial.resumed_from)
        if earlier is None:
            return None
        artifact = find_artifact(session, earlier.job_id, CHECKPOINT_KIND, earlier.id)
    if artifact is None:
        return None
    directory = trial_directory(artifact_dir, trial.job_id, trial.id) / _FETCHED
    try:
        fetch_artifact(store, artifact_dir, artifact, directory / CHECKPOINT_NAME)
    except NasError as error:  # gone or damaged: costs epochs, and changes no figure
        _LOG.warning("trial %d begins anew: %s", trial.number, error)
        return None
    return directory


def keep_trial_files(
    database: Database, store: ArtifactStore, directory: Path, trial_id: str, limit: int
) -> None:
    """Move what an ended trial leaves into the store: its weights, and a checkpoint of use.

    A checkpoint is of use if a longer evaluation could go on from it. Of a job's checkpoints the
    `limit` most accurate ones stay. What is left behind is for the evaluator's `release`.
    """
    shutil.rmtree(directory / _FETCHED, ignore_errors=True)
    names = {WEIGHTS_KIND: WEIGHTS_NAME, CHECKPOINT_KIND: CHECKPOINT_NAME}
    files = {kind: directory / name for kind, name in names.items()}
    files = {kind: file for kind, file in files.items() if file.is_file()}
    if not files:  # at once: of trials that are not trained there are many
        return
    with database.read() as session:
        trial = find_or_raise_trial(session, trial_id)
    horizon = Recipe.model_validate(trial.recipe_json).horizon(trial.budget)
    ended_well = trial.status in (TrialStatus.COMPLETED, TrialStatus.PRUNED)
    goes_further = ended_well and trial.shortage is None and trial.epochs_done < horizon
    if limit == 0 or not goes_further:
        files.pop(CHECKPOINT_KIND, None)
    if not files:
        return
    try:
        for file in files.values():
            store.put(file)
    except OSError as error:  # the trial is done all the same, and exports find them here
        _LOG.warning("trial %d: its files stay in %s: %s", trial.number, directory, error)
        return
    forgotten: list[str] = []
    with database.write() as session:
        for kind, file in files.items():
            record_artifact(
                session,
                store,
                file,
                job_id=trial.job_id,
                trial_id=trial.id,
                kind=kind,
                details={"epoch": trial.epochs_done, "horizon": horizon},
            )
        if CHECKPOINT_KIND in files:
            session.flush()
            forgotten = _forget_worst(session, trial.job_id, limit)
    for sha256 in forgotten:
        discard(database, store, sha256)
    (directory / WEIGHTS_NAME).unlink(missing_ok=True)


def _forget_worst(session: Session, job_id: str, limit: int) -> list[str]:
    kept = list_trial_artifacts(session, job_id, CHECKPOINT_KIND)
    kept.sort(key=lambda pair: (-(pair[1].accuracy or 0.0), pair[1].number))
    for artifact, _ in kept[limit:]:
        session.delete(artifact)
    return [artifact.sha256 for artifact, _ in kept[limit:]]
