"""A job's front and how its hypervolume grew, as REST and CLI show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nas.database.jobs import JobRow
from nas.database.trials import TrialRow, list_trials
from nas.datasets import find_dataset_of_job
from nas.errors import InvalidInputError
from nas.job import JobSpec
from nas.metrics import METRICS, metric_names
from nas.objective import ParetoObjective
from nas.objective_request import MOST_OBJECTIVES
from nas.pareto.reference import cut_to_bounds, guessing
from nas.pareto.tracking import new_front
from nas.representations import TrialView
from nas.status import TrialStatus

STORED_RULE = (
    "fixed before the first trial: what guessing reaches; for a cost the largest among "
    "architectures drawn uniformly, or a constraint's bound where that is less"
)
AFTERWARDS_RULE = (
    "what guessing reaches; for a cost the largest among the trials completed so far, or a "
    "constraint's bound where that is less"
)


class HypervolumeView(BaseModel):
    """The front's hypervolume once a trial was completed."""

    trial_id: str = Field(description="the trial that was completed")
    number: int = Field(description="the trial's number within the job")
    finished_at: datetime | None = Field(description="UTC")
    hypervolume: float = Field(description="share of the box, in [0, 1]; it never falls")


class ParetoView(BaseModel):
    """The trials that none is better than in one metric and as good as in the rest."""

    job_id: str = Field(description="the job")
    metrics: list[str] = Field(description="in the order asked for")
    reference: dict[str, float] | None = Field(
        description="corner of the box that the hypervolume is a share of, in each metric's own "
        "direction; the opposite one is accuracy 1 and everything else 0; null before any trial"
    )
    reference_rule: str = Field(description="how the corner was found")
    hypervolume: float = Field(description="share of the box now, in [0, 1]")
    front: list[TrialView] = Field(description="those best in the first metric first")
    series: list[HypervolumeView] = Field(description="in the order in which trials ended")


@dataclass(frozen=True, slots=True)
class _Front:
    reference: dict[str, float] | None
    rule: str
    members: list[TrialRow]
    volumes: list[float]


def pareto_view(session: Session, job: JobRow, metrics: Sequence[str] | None) -> ParetoView:
    """Show a job's front in its objectives, or in any metrics that its trials have.

    Raises:
        InvalidInputError: Fewer than two metrics, one without a direction, or one that no
            completed trial of the job has.
    """
    spec = job.stored_spec
    names = _default_metrics(spec) if metrics is None else tuple(metrics)
    _require_directed(names)
    rows = list_trials(session, job.id, status=TrialStatus.COMPLETED)
    known = [row for row in rows if all(name in row.figures for name in names)]
    if rows and not known:
        raise InvalidInputError(
            f"metrics: got {','.join(names)}; no completed trial of job {job.id} has all of "
            f"these, allowed: {', '.join(name for name in _directed() if name in rows[0].figures)}"
        )
    known.sort(key=lambda row: (row.finished_at, row.hypervolume or 0.0, row.number))
    objective = spec.parsed_objective
    is_sought = isinstance(objective, ParetoObjective) and objective.metrics == names
    front = _front(spec, names, known, job.reference_json if is_sought else None)
    return ParetoView(
        job_id=job.id,
        metrics=list(names),
        reference=front.reference,
        reference_rule=front.rule,
        hypervolume=front.volumes[-1] if front.volumes else 0.0,
        front=[TrialView.of(row) for row in front.members],
        series=[
            HypervolumeView(
                trial_id=row.id,
                number=row.number,
                finished_at=row.finished_at,
                hypervolume=volume,
            )
            for row, volume in zip(known, front.volumes, strict=True)
        ],
    )


def _front(
    spec: JobSpec,
    names: Sequence[str],
    rows: Sequence[TrialRow],
    stored: dict[str, float] | None,
) -> _Front:
    reference = stored or _afterwards(spec, names, rows)
    rule = STORED_RULE if stored else AFTERWARDS_RULE
    if reference is None:
        return _Front(None, rule, [], [])
    front = new_front(names, [reference[name] for name in names])
    volumes = []
    for row in rows:
        if row.is_feasible:
            front.add(row.id, tuple(METRICS[name].maximized(row.figures[name]) for name in names))
        volumes.append(front.hypervolume)
    by_id = {row.id: row for row in rows}
    return _Front(reference, rule, [by_id[trial_id] for trial_id in front], volumes)


def _afterwards(
    spec: JobSpec, names: Sequence[str], rows: Sequence[TrialRow]
) -> dict[str, float] | None:
    if not rows:
        return None
    known = guessing(find_dataset_of_job(spec.dataset).info.num_classes)
    largest = {name: known.get(name) or max(row.figures[name] for row in rows) for name in names}
    return cut_to_bounds(largest, spec.parsed_constraints)


def _default_metrics(spec: JobSpec) -> tuple[str, ...]:
    """Take the job's objectives; beside a single one the parameters."""
    metrics = spec.parsed_objective.metrics
    if len(metrics) > 1:
        return metrics
    return ("accuracy", "params") if metrics == ("params",) else (*metrics, "params")


def _require_directed(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _directed()]
    if unknown:
        raise InvalidInputError(f"metrics: got {unknown[0]!r}, allowed: {', '.join(_directed())}")
    if len(set(names)) != len(names) or not 2 <= len(names) <= MOST_OBJECTIVES:
        raise InvalidInputError(
            f"metrics: got {','.join(names)!r}, allowed: 2 to {MOST_OBJECTIVES} different ones"
        )


def _directed() -> tuple[str, ...]:
    return metric_names(lambda metric: metric.direction is not None)
