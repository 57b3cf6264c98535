"""Schedulers at work through Ray Tune, on candidates whose curves are given by a formula."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count

import pytest

from nas.database import Database
from nas.evaluation import EpochReport, Evaluator, TrialTask
from nas.resources import Resources
from nas.status import TrialStatus
from tests.nas.factories import accuracy_of, add_job, new_database, new_loop, new_report
from tests.nas.test_search import proposals_of, trials_of
from workers.cluster import ensure_ray
from workers.tuning import run_trials

pytestmark = pytest.mark.slow

EPOCHS = 9
ONE_AT_A_TIME = Resources(max_concurrent_trials=1, cpus_per_trial=1)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    ensure_ray(None)
    yield
    ray.shutdown()


class CurveEvaluator(Evaluator):
    """Rises towards the architecture's accuracy; it goes on from the epochs recorded."""

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        for epoch in range(task.epochs_recorded + 1, task.epochs + 1):
            value = accuracy_of(task.architecture) * (1 - math.exp(-0.4 * epoch))
            yield new_report(epoch, value)


def run_by_hand(database: Database, job_id: str) -> None:
    loop = new_loop(database, job_id)
    while (task := loop.next_task()) is not None:
        if all(loop.report(task.trial_id, each) for each in CurveEvaluator().evaluate(task)):
            loop.complete(task.trial_id)


def run_through_tune(database: Database, job_id: str) -> None:
    loop = new_loop(database, job_id)
    run_trials(loop, CurveEvaluator(), ONE_AT_A_TIME, lambda: False)


def run_in_two_pieces(database: Database, job_id: str) -> None:
    loop, looks = new_loop(database, job_id), count()
    run_trials(loop, CurveEvaluator(), ONE_AT_A_TIME, lambda: next(looks) > 40)
    loop.interrupt()
    statuses = {trial.status for trial in trials_of(database, job_id)}
    assert TrialStatus.PENDING in statuses or len(trials_of(database, job_id)) < 8
    run_through_tune(database, job_id)


def test_job_decides_through_tune_as_by_hand_and_when_it_was_stopped_in_between(tmp_path):
    records = []
    for run in (run_by_hand, run_through_tune, run_in_two_pieces):
        (tmp_path / run.__name__).mkdir()
        database = new_database(tmp_path / run.__name__)
        job_id = add_job(database, trials=8, epochs=EPOCHS, scheduler="asha", sampler="tpe")
        run(database, job_id)
        trials = trials_of(database, job_id)
        decided = [(t.architecture_hash, t.status, t.epochs_done, t.rungs) for t in trials]
        records.append((decided, proposals_of(database, job_id)))
        if run is not run_by_hand:
            assert all(trial.environment_json["device"] == "cpu" for trial in trials)
        database.close()
    assert records[1] == records[0]
    assert records[2] == records[0]
    assert {status for _, status, _, _ in records[0][0]} == {
        TrialStatus.COMPLETED,
        TrialStatus.PRUNED,
    }
