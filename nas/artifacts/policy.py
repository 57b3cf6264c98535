"""Which weights and checkpoints of trials may go: all but each job's best ones and its latest.

What a job ends with is never collected: the winner's final weights, exports and plots. Neither
are the weights on which a result rests alone: those of the best trials, of the members of a
job's front, and of a trial of another job that was answered by an equal evaluation here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from nas.artifacts.keeping import old_file
from nas.artifacts.store import ArtifactStore
from nas.artifacts.sweeping import sweep, unreferenced
from nas.database import Database
from nas.database.artifacts import CHECKPOINT_KIND, WEIGHTS_KIND, ArtifactRow, lock_artifacts
from nas.database.jobs import JobRow
from nas.database.trials import TrialRow, precedence
from nas.errors import InvalidInputError
from nas.status import JobStatus, TrialStatus

DEFAULT_KEEP = 5
_COLLECTED_KINDS = (CHECKPOINT_KIND, WEIGHTS_KIND)
_UNDER_WAY = (JobStatus.RUNNING, JobStatus.STOPPING)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, or would remove."""

    artifacts: int
    files: int
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What decides whether a trial's files stay."""

    owner: str
    number: int
    is_completed: bool
    is_feasible: bool
    reward: float
    values: tuple[float, ...]
    loss: float | None
    ended: float

    @property
    def rank(self) -> tuple[object, ...]:
        """The order of `find_best_trial`, in which the best trial's is the largest."""
        may_win = self.is_completed and self.is_feasible
        return may_win, self.reward, precedence(self.values, self.loss), -self.number


def collect(
    database: Database,
    store: ArtifactStore,
    artifact_dir: Path,
    *,
    keep: int = DEFAULT_KEEP,
    dry_run: bool = False,
) -> Collected:
    """Remove trials' weights and checkpoints but each job's `keep` best and its latest.

    Jobs under way are left alone. A content goes with the last row that refers to it.

    Raises:
        InvalidInputError: `keep` is less than 1.
    """
    if keep < 1:
        raise InvalidInputError(f"--keep: got {keep}, allowed: 1 or more; the best always stays")
    if dry_run:
        return _foretold(database, store, keep)
    with database.write() as session:
        lock_artifacts(session)  # holds up another collection of the same rows
        rows = list_expendable(session, keep)
        for row in rows:
            session.delete(row)
    freed = [each.size_bytes for each in sweep(database, store)]
    for row in rows:
        old = old_file(artifact_dir, row)
        if old is not None:
            old.unlink()
            freed.append(row.size_bytes)
    return Collected(len(rows), len(freed), sum(freed))


def _foretold(database: Database, store: ArtifactStore, keep: int) -> Collected:
    with database.read() as session:
        rows = list_expendable(session, keep)
        going = {row.id for row in rows}
        all_rows = session.execute(select(ArtifactRow.id, ArtifactRow.sha256))
        still_used = {sha256 for id_, sha256 in all_rows if id_ not in going}
    sizes = {each.sha256: each.size_bytes for each in unreferenced(database, store)}
    sizes |= {row.sha256: row.size_bytes for row in rows if row.sha256 not in still_used}
    return Collected(len(rows), len(sizes), sum(sizes.values()))


def list_expendable(session: Session, keep: int) -> list[ArtifactRow]:
    """Return the rows that the policy lets go, oldest first."""
    rows = session.scalars(
        select(ArtifactRow)
        .join(JobRow, JobRow.id == ArtifactRow.job_id)
        .where(
            ArtifactRow.kind.in_(_COLLECTED_KINDS),
            ArtifactRow.trial_id.is_not(None),
            JobRow.status.not_in(_UNDER_WAY),
        )
        .order_by(ArtifactRow.id)
    ).all()
    jobs = _ranked_by_job(session) if rows else {}
    kept: dict[str, set[str]] = {}
    for kind in _COLLECTED_KINDS:
        owners = {row.trial_id for row in rows if row.kind == kind}
        kept[kind] = {
            owner
            for trials in jobs.values()
            for owner in _kept([each for each in trials if each.owner in owners], keep)
        }
    return [row for row in rows if row.trial_id not in kept[row.kind]]


def _kept(trials: Sequence[_Ranked], keep: int) -> Iterator[str]:
    if not trials:
        return
    best = sorted(trials, key=lambda each: each.rank, reverse=True)
    yield from (each.owner for each in best[:keep])
    yield max(trials, key=lambda each: (each.ended, each.number)).owner
    yield from (each.owner for each in _front(best))


def _front(best_first: Sequence[_Ranked]) -> list[_Ranked]:
    """Return the trials of several objectives that none is at least as good as in all."""
    front: list[_Ranked] = []
    for trial in best_first:
        if not (trial.is_completed and trial.is_feasible and len(trial.values) > 1):
            continue
        if not any(
            all(mine >= its for mine, its in zip(other.values, trial.values, strict=True))
            for other in front
        ):
            front.append(trial)
    return front


def _ranked_by_job(session: Session) -> dict[str, list[_Ranked]]:
    """Read what the ranking needs of all ended trials, those that others answered among them."""
    columns = (
        TrialRow.job_id,
        TrialRow.id,
        TrialRow.cached_from,
        TrialRow.number,
        TrialRow.status,
        TrialRow.is_feasible,
        TrialRow.reward,
        TrialRow.objective_values,
        TrialRow.loss,
        TrialRow.finished_at,
    )
    jobs: dict[str, list[_Ranked]] = defaultdict(list)
    for row in session.execute(select(*columns)):
        jobs[row.job_id].append(
            _Ranked(
                owner=row.cached_from or row.id,
                number=row.number,
                is_completed=row.status is TrialStatus.COMPLETED,
                is_feasible=row.is_feasible,
                reward=-math.inf if row.reward is None else row.reward,
                values=tuple(row.objective_values or ()),
                loss=row.loss,
                ended=math.inf if row.finished_at is None else row.finished_at.timestamp(),
            )
        )
    return jobs
