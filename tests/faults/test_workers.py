"""Workers that hang, are killed, or are merely slow, on a real cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest

from nas.errors import InvalidInputError, TrialFailedError
from nas.resources import Resources
from nas.status import TrialStatus
from tests.faults.faulty import CountingEvaluator, FaultyEvaluator
from tests.faults.invariants import assert_sound
from tests.faults.jobs import log_of, new_training_loop, run_job
from tests.nas.factories import add_job, new_database, new_spec
from tests.workers.training.factories import digits, new_task
from workers.cluster import ensure_ray
from workers.surviving import surviving
from workers.timeout import TimedEvaluator
from workers.training.evaluator import TrainingEvaluator
from workers.trial_log import LoggedEvaluator
from workers.tuning import run_trials

TIMEOUT_SECONDS = 5.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray

    ensure_ray(None)
    yield
    ray.shutdown()


@pytest.mark.slow
def test_hanging_trial_fails_and_one_that_is_slow_is_let_alone(tmp_path, cluster):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=2, epochs=3)
    faulty = FaultyEvaluator(
        CountingEvaluator(), hanging=0, slow=1, slow_seconds=0.4 * TIMEOUT_SECONDS
    )
    timed = LoggedEvaluator(TimedEvaluator(faulty, TIMEOUT_SECONDS))
    loop = new_training_loop(database, job_id, tmp_path)
    run_trials(loop, timed, Resources(), lambda: False)
    hung, slow = assert_sound(database, job_id)
    assert (hung.status, hung.epochs_done) == (TrialStatus.FAILED, 1)
    assert hung.error == "timed out after 5 s without an epoch"
    log = log_of(tmp_path, job_id, hung.id)
    assert "it stood here when its time was over" in log and "in hang" in log
    assert slow.status is TrialStatus.COMPLETED
    assert slow.finished_at - slow.started_at > timedelta(seconds=TIMEOUT_SECONDS)
    database.close()


@pytest.mark.slow
def test_trial_whose_worker_is_killed_in_an_epoch_goes_on_from_its_checkpoint(tmp_path, cluster):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=2, epochs=3)
    training = TrainingEvaluator(digits(train=60, validation=30))
    loop = new_training_loop(database, job_id, tmp_path)
    evaluator = surviving(FaultyEvaluator(training, dying=1), Resources())
    run_trials(loop, evaluator, Resources(), lambda: False)
    trials = assert_sound(database, job_id)
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED}
    log = log_of(tmp_path, job_id, trials[1].id)
    assert "goes on after epoch 2 from" in log and log.count("3 epochs, 0 of them recorded") == 2
    # What the killed one reports in the end is what it would have reported anyway.
    (tmp_path / "calm").mkdir()
    other = new_database(tmp_path / "calm")
    calm = add_job(other, trials=2, epochs=3)
    run_job(other, calm, training, tmp_path / "calm")
    assert [trial.loss for trial in assert_sound(other, calm)] == [
        pytest.approx(trial.loss, rel=1e-5) for trial in trials
    ]
    other.close()
    database.close()


def test_time_between_epochs_is_not_counted(tmp_path):
    timed = TimedEvaluator(CountingEvaluator(), seconds=1.0)
    reports = timed.evaluate(new_task(tmp_path))
    assert next(reports).epoch == 1
    time.sleep(1.5)  # the job's driver takes its time
    assert [report.epoch for report in reports] == [2, 3]
    assert list(tmp_path.iterdir()) == []


def test_what_the_watchdog_left_fails_the_trial_once_and_not_when_it_is_tried_again(tmp_path):
    timed = TimedEvaluator(CountingEvaluator(), seconds=30)
    (tmp_path / "timeout.txt").write_text("Timeout (0:00:30)!\n")
    with pytest.raises(TrialFailedError, match=r"^timed out after 30 s without an epoch$"):
        next(timed.evaluate(new_task(tmp_path)))
    assert len(list(timed.evaluate(new_task(tmp_path)))) == 3


def test_worker_that_died_in_another_way_is_no_timeout(tmp_path):
    (tmp_path / "timeout.txt").touch()  # as it is while an epoch is under way
    timed = TimedEvaluator(CountingEvaluator(), seconds=30)
    assert len(list(islice(timed.evaluate(new_task(tmp_path)), 3))) == 3


@pytest.mark.parametrize("seconds", [0, -1, "soon"])
def test_timeout_must_be_a_positive_number(seconds):
    with pytest.raises(InvalidInputError, match=r"resources\.epoch_timeout_seconds"):
        new_spec(resources={"epoch_timeout_seconds": seconds})


def test_without_a_timeout_nothing_watches():
    assert not isinstance(surviving(CountingEvaluator(), Resources()).inner, TimedEvaluator)
