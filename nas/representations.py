"""How jobs, trials and artefacts look from outside: the same for REST, CLI and dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from nas.baselines import BaselineResult
from nas.database.artifacts import ArtifactRow
from nas.database.baselines import list_baselines_of_jobs
from nas.database.deleted_trials import count_deleted_trials
from nas.database.jobs import JobRow
from nas.database.trials import (
    MetricRow,
    TrialRow,
    count_trials_of_jobs,
    find_best_trials,
)
from nas.final import FinalResult
from nas.job import JobSpec
from nas.provenance import Environment
from nas.recipe import Recipe
from nas.status import JobStatus, TrialStatus


class TrialMetrics(BaseModel):
    """What is known of a candidate; a figure that was not measured is null.

    `params` and `macs` of one without a network are what was counted until it was refused.
    """

    accuracy: float | None = Field(description="validation accuracy in [0, 1]")
    loss: float | None = Field(description="validation cross-entropy, nats")
    params: int = Field(description="trainable parameters")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    latency_ms: float | None = Field(
        None, description="milliseconds of inference; found out where the job names it"
    )
    peak_memory_bytes: int | None = Field(
        None, description="inference of one image: weights, buffers, activations, float32"
    )
    score: float | None = Field(
        None, description="of the job's zero-cost proxy or supernet, before training"
    )
    train_seconds: float | None = Field(description="seconds spent in training so far")


class RungView(BaseModel):
    """What the scheduler made of a trial after an epoch."""

    epoch: int = Field(description="epochs done when it was judged")
    value: float = Field(description="the trial's, as the scheduler compares it")
    cutoff: float | None = Field(description="stopped below; null: nothing to compare with yet")


class TrialView(BaseModel):
    """One evaluation of one architecture."""

    id: str = Field(description="UUIDv7: the order of ids is that of creation")
    job_id: str = Field(description="its job")
    number: int = Field(description="order of creation within the job, from 0")
    status: TrialStatus
    architecture: dict[str, Any] = Field(description="as POST /architectures/analyze takes it")
    architecture_hash: str = Field(description="SHA-256 of the canonical form")
    recipe: Recipe = Field(description="how it is trained")
    seed: int = Field(description="of its weights, batches and augmentation")
    environment: Environment | None = Field(
        description="versions and device it ran with; null until it has run"
    )
    batch_size: int | None = Field(
        description="images per step where memory did not hold the recipe's; null: the recipe's"
    )
    memory_bytes: int | None = Field(
        description="what it had in use and asked for when memory ran out; null: it did not"
    )
    budget: int = Field(description="epochs granted")
    epochs_done: int = Field(description="epochs recorded so far")
    metrics: TrialMetrics
    reward: float | None = Field(
        description="what the objective came to, to be maximised; of several the first"
    )
    objective_values: list[float] | None = Field(
        description="what each objective came to, each to be maximised: costs and loss negated"
    )
    is_feasible: bool = Field(description="false: it breaks a constraint and cannot be the best")
    hypervolume: float | None = Field(
        description="of the job's front once this trial was completed, if it seeks one"
    )
    figures: dict[str, float] = Field(description="all that was known before training, by name")
    conditions: dict[str, dict[str, Any]] = Field(
        description="how figures were come by, such as the device, by the figure's name"
    )
    started_at: datetime | None = Field(description="UTC")
    finished_at: datetime | None = Field(description="UTC; null: it has not ended")
    error: str | None = Field(description="why the trial failed, is infeasible or was pruned")
    cached_from: str | None = Field(description="trial whose equal evaluation answered this one")
    resumed_from: str | None = Field(
        description="shorter trial of the same candidate whose checkpoint it began with"
    )
    rungs: list[RungView] = Field(description="judgements of the job's scheduler, in order")

    @property
    def known_figures(self) -> dict[str, float]:
        """All figures by name, those that training measured too."""
        measured = self.metrics.model_dump(exclude_none=True)
        return self.figures | {name: float(value) for name, value in measured.items()}

    @classmethod
    def of(cls, row: TrialRow) -> TrialView:
        """Read a row."""
        figures = row.figures_json or {}
        return cls(
            id=row.id,
            job_id=row.job_id,
            number=row.number,
            status=row.status,
            architecture=row.architecture_json,
            architecture_hash=row.architecture_hash,
            recipe=Recipe.model_validate(row.recipe_json),
            seed=row.seed,
            environment=None
            if row.environment_json is None
            else Environment.model_validate(row.environment_json),
            batch_size=row.batch_size,
            memory_bytes=row.memory_bytes,
            budget=row.budget,
            epochs_done=row.epochs_done,
            metrics=TrialMetrics(
                accuracy=row.accuracy,
                loss=row.loss,
                params=row.params,
                macs=row.macs,
                latency_ms=figures.get("latency_ms"),
                peak_memory_bytes=_whole(figures.get("peak_memory_bytes")),
                score=figures.get("score"),
                train_seconds=row.train_seconds,
            ),
            reward=row.reward,
            objective_values=row.objective_values,
            is_feasible=row.is_feasible,
            hypervolume=row.hypervolume,
            figures=figures,
            conditions=row.conditions_json or {},
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
            cached_from=row.cached_from,
            resumed_from=row.resumed_from,
            rungs=[RungView.model_validate(rung) for rung in row.rungs],
        )


def _whole(figure: float | None) -> int | None:
    return None if figure is None else int(figure)


class MetricView(BaseModel):
    """What a trial reported after one epoch."""

    model_config = ConfigDict(from_attributes=True)

    epoch: int = Field(description="counts from 1")
    accuracy: float = Field(description="validation accuracy in [0, 1]")
    loss: float = Field(description="validation cross-entropy, nats")
    train_loss: float = Field(description="mean training loss of the epoch, nats")
    train_seconds: float = Field(description="seconds of the epoch's training")
    recorded_at: datetime = Field(description="UTC")

    @classmethod
    def of(cls, row: MetricRow) -> MetricView:
        """Read a row."""
        return cls.model_validate(row)


class JobView(JobSpec):
    """A job: what was asked for, where it stands, and what came of it."""

    # So that a client may be older than its server; the examples are of requests.
    model_config = ConfigDict(extra="ignore", json_schema_extra={})

    id: str = Field(description="UUIDv7: the order of ids is that of creation")
    status: JobStatus
    owner: str | None = Field(
        description="name of the key it was submitted with; null: none was asked for"
    )
    created_at: datetime = Field(description="UTC")
    started_at: datetime | None = Field(description="UTC; null: no runner has begun")
    finished_at: datetime | None = Field(description="UTC; null: it is not over")
    error: str | None = Field(description="why the job failed")
    trials_by_status: dict[TrialStatus, int] = Field(description="statuses without trials left out")
    trials_done: int = Field(description="trials in a final status")
    trials_deleted: int = Field(0, description="trials that were deleted, counted nowhere else")
    best: TrialView | None = Field(description="feasible trial with the highest reward so far")
    final_epoch: int = Field(description="epochs done of the winner's retraining")
    final: FinalResult | None = Field(description="the winner's test, once it is retrained")
    test_accuracy: float | None = Field(description="the same figure as in `final`, in [0, 1]")
    # Asked for by name, shown with figures.
    baselines: list[BaselineResult] = Field(  # type: ignore[assignment]
        description="the baselines asked for; figures that are not known yet are null"
    )
    last_event_id: int = Field(
        0, description="pass as `after` to GET /jobs/{id}/events for what is yet to come"
    )

    @model_validator(mode="after")
    def _options_and_starts_fit(self) -> Self:
        """Let what was accepted once be shown, though its images or packages are gone by now."""
        return self

    @classmethod
    def of(cls, session: Session, row: JobRow) -> JobView:
        """Read a row and what belongs to it."""
        return cls.of_many(session, [row])[0]

    @classmethod
    def of_many(cls, session: Session, rows: Sequence[JobRow]) -> list[JobView]:
        """Read rows and what belongs to them, in as many statements as for one."""
        ids = [row.id for row in rows]
        counts, best = count_trials_of_jobs(session, ids), find_best_trials(session, ids)
        deleted = count_deleted_trials(session, ids)
        specs = {row.id: row.stored_spec for row in rows}
        measured = {
            (each.job_id, each.name): BaselineResult.model_validate(each)
            for each in list_baselines_of_jobs(
                session, [job_id for job_id, spec in specs.items() if spec.baselines]
            )
        }
        return [
            cls._of(
                row,
                specs[row.id],
                counts=counts.get(row.id, {}),
                best=best.get(row.id),
                baselines=[
                    measured.get((row.id, name), BaselineResult(name=name))
                    for name in specs[row.id].baselines
                ],
                deleted=deleted.get(row.id, 0),
            )
            for row in rows
        ]

    @classmethod
    def _of(
        cls,
        row: JobRow,
        spec: JobSpec,
        *,
        counts: dict[TrialStatus, int],
        best: TrialRow | None,
        baselines: list[BaselineResult],
        deleted: int,
    ) -> JobView:
        final = None if row.final_json is None else FinalResult.model_validate(row.final_json)
        return cls.model_construct(
            **{
                **dict(spec),
                "name": row.name,
                "id": row.id,
                "status": row.status,
                "owner": None if row.owner is None else row.owner.name,
                "created_at": row.created_at,
                "started_at": row.started_at,
                "finished_at": row.finished_at,
                "error": row.error,
                "trials_by_status": counts,
                "trials_done": sum(n for status, n in counts.items() if status.is_final),
                "trials_deleted": deleted,
                "best": None if best is None else TrialView.of(best),
                "final_epoch": row.final_epoch,
                "final": final,
                "test_accuracy": None if final is None else final.test_accuracy,
                "baselines": baselines,
                "last_event_id": row.last_event_id,
            }
        )


class ArtifactView(BaseModel):
    """A file that a job produced."""

    id: str = Field(description="pass to GET /artifacts/{id}")
    job_id: str = Field(description="job that made it")
    trial_id: str | None = Field(description="trial it belongs to; null: the job as a whole")
    kind: str = Field(description="format, such as onnx or weights")
    name: str = Field(description="file name")
    size_bytes: int = Field(description="bytes")
    sha256: str = Field(description="digest of its content, hexadecimal")
    details: dict[str, Any] = Field(description="what was checked about the file")
    created_at: datetime = Field(description="UTC")

    @classmethod
    def of(cls, row: ArtifactRow) -> ArtifactView:
        """Read a row."""
        return cls(
            id=row.id,
            job_id=row.job_id,
            trial_id=row.trial_id,
            kind=row.kind,
            name=row.path.rsplit("/", 1)[-1],
            size_bytes=row.size_bytes,
            sha256=row.sha256,
            details=row.details,
            created_at=row.created_at,
        )
