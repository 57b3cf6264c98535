"""Small factories for what the search is made of: spaces, jobs, loops, reports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nas.appraisal import Appraiser
from nas.database import Database, open_database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Metrics, TrialTask
from nas.job import JobSpec, parse_job_spec
from nas.search import SearchLoop
from search_spaces import Architecture, Condition, Decision

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

CONDITIONAL_DECISIONS = (
    Decision("family", ("plain", "residual", "dense")),
    Decision("width", (8, 16, 32)),
    Decision("ratio", (2, 4), (Condition("family", frozenset({"residual"})),)),
    Decision("growth", (4, 8, 12), (Condition("family", frozenset({"dense"})),)),
    Decision(
        "wide_growth_drop",
        ("no", "yes"),
        (Condition("family", frozenset({"dense"})), Condition("growth", frozenset({12}))),
    ),
)
"""A torch-free space in which most questions only arise after certain answers."""

SEPARABLE_DECISIONS = tuple(Decision(f"d{i}", (0, 1, 2, 3, 4)) for i in range(6))


def separable_reward(choices: dict[str, Any]) -> float:
    """Best where every answer is 3; each answer counts by itself."""
    return sum(1.0 - abs(int(answer) - 3) / 3 for answer in choices.values()) / len(choices)


def new_database(directory: Path) -> Database:
    return open_database(f"sqlite:///{directory / 'nas.db'}")


def new_spec(**changes: Any) -> JobSpec:
    request = {
        "space": "cell",
        "space_options": {
            "blocks": 2,
            "filters": 2,
            "operations": ["identity", "conv_1x1", "max_pool_3x3"],
        },
        "sampler": "random",
        "dataset": "digits",
        "trials": 6,
        "epochs": 1,
    }
    return parse_job_spec(request | changes)


def add_job(database: Database, spec: JobSpec | None = None, **changes: Any) -> str:
    with database.write() as session:
        return create_job(session, spec or new_spec(**changes), NOON).id


def new_loop(
    database: Database,
    job_id: str,
    *,
    data: str = "data",
    artifact_dir: Path = Path("artifacts"),
    appraisers: Sequence[Appraiser] = (),
    **more: Any,
) -> SearchLoop:
    return SearchLoop(
        database,
        job_id,
        data_fingerprint=data,
        artifact_dir=artifact_dir,
        clock=lambda: NOON,
        appraisers=appraisers,
        **more,
    )


def accuracy_of(architecture: Architecture) -> float:
    """Score an architecture by its hash: arbitrary, but always the same."""
    return int(hashlib.sha256(architecture.content_hash.encode()).hexdigest()[:6], 16) / 16**6


def new_report(epoch: int = 1, accuracy: float = 0.5) -> EpochReport:
    return EpochReport(epoch, Metrics(accuracy, 1 - accuracy), 1.5, 0.25)


def latency_of(architecture: Architecture) -> float:
    """Give an architecture between 1 and 9 ms by its hash, unlike its accuracy."""
    return 1 + 8 * int(architecture.content_hash[:6], 16) / 16**6


class HashedLatency:
    """An appraiser that needs no device, and counts what it is asked."""

    names = frozenset({"latency_ms"})
    conditions: Mapping[str, Mapping[str, Any]] = {"latency_ms": {"device": "abacus"}}

    def __init__(self) -> None:
        self.asked: list[str] = []

    def appraise(self, architecture: Architecture) -> dict[str, float]:
        self.asked.append(architecture.content_hash)
        return {"latency_ms": latency_of(architecture)}


def finish(loop: SearchLoop, task: TrialTask) -> None:
    """Report all epochs of a task and complete it."""
    for epoch in range(task.epochs_recorded + 1, task.epochs + 1):
        loop.report(task.trial_id, new_report(epoch, accuracy_of(task.architecture)))
    loop.complete(task.trial_id)


def run_to_the_end(loop: SearchLoop) -> list[TrialTask]:
    tasks = []
    while (task := loop.next_task()) is not None:
        tasks.append(task)
        finish(loop, task)
    return tasks
