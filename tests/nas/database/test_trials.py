from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from nas.database.artifacts import ArtifactRow, find_or_raise_artifact, list_artifacts
from nas.database.trials import (
    TrialRow,
    copy_evaluation,
    count_trials,
    find_best_trial,
    find_evaluation,
    find_or_raise_trial,
    list_metrics,
    list_trials,
    precedence,
    record_epoch,
    set_trial_status,
)
from nas.errors import ConflictError, NotFoundError
from nas.status import TRIAL_TRANSITIONS, TrialStatus
from tests.nas.factories import NOON, add_job, new_report


def new_trial(job_id: str, number: int, **changes) -> TrialRow:
    values = {
        "job_id": job_id,
        "number": number,
        "status": TrialStatus.COMPLETED,
        "architecture_json": {},
        "architecture_hash": f"{number}",
        "evaluation_key": "key",
        "recipe_json": {},
        "seed": 0,
        "budget": 2,
        "epochs_done": 0,
        "params": 1,
        "macs": 1,
    }
    return TrialRow(**(values | changes))


def test_best_trial_is_the_earliest_completed_one_of_highest_reward(database):
    job_id, other = add_job(database), add_job(database)
    with database.write() as session:
        assert find_best_trial(session, job_id) is None
        session.add(new_trial(job_id, 0, reward=0.5))
        session.add(new_trial(job_id, 1, reward=0.9, status=TrialStatus.FAILED))
        session.add(new_trial(job_id, 2, reward=0.7))
        session.add(new_trial(job_id, 3, reward=0.7))
        session.add(new_trial(job_id, 4, reward=None))
        session.add(new_trial(other, 0, reward=1.0))
        session.flush()
        assert find_best_trial(session, job_id).number == 2
        counts = count_trials(session, job_id)
    assert counts == {TrialStatus.COMPLETED: 4, TrialStatus.FAILED: 1}


@pytest.mark.parametrize(
    ("losses", "best"), [((0.4, 0.2, 0.3), 1), ((0.4, 0.2, 0.2), 1), ((None, 0.9, None), 1)]
)
def test_best_of_equal_rewards_has_the_lowest_loss_and_is_the_earliest_of_those(
    database, losses, best
):
    job_id = add_job(database)
    with database.write() as session:
        for number, loss in enumerate(losses):
            session.add(new_trial(job_id, number, reward=0.7, objective_values=[0.7], loss=loss))
        session.add(new_trial(job_id, len(losses), reward=0.6, objective_values=[0.6], loss=0.1))
        session.flush()
        assert find_best_trial(session, job_id).number == best


def test_loss_does_not_outweigh_a_further_objective(database):
    job_id = add_job(database)
    with database.write() as session:
        session.add(new_trial(job_id, 0, reward=0.7, objective_values=[0.7, -9.0], loss=0.1))
        session.add(new_trial(job_id, 1, reward=0.7, objective_values=[0.7, -5.0], loss=0.3))
        session.flush()
        assert find_best_trial(session, job_id).number == 1


def test_best_trial_is_the_one_that_precedes_all_others(database):
    rng = np.random.default_rng(0)
    for _ in range(20):
        job_id = add_job(database)
        order = []
        with database.write() as session:
            for number in range(8):
                values = [float(each) for each in rng.choice((0.5, -2.0, 3.0), 3)]
                loss = rng.choice((None, 0.0, 0.25, 1.5))
                order.append((values[0], precedence(values, loss), -number))
                shown = {"reward": values[0], "objective_values": values, "loss": loss}
                session.add(new_trial(job_id, number, **shown))
            session.flush()
            assert find_best_trial(session, job_id).number == order.index(max(order))


def test_best_of_many_equal_trials_is_found_without_reading_them_all(database):
    job_id = add_job(database)
    with database.write() as session:
        for number in range(50):
            session.add(new_trial(job_id, number, reward=0.5, objective_values=[0.5]))
    read: list[TrialRow] = []

    def note(row: TrialRow, _context: object) -> None:
        read.append(row)

    event.listen(TrialRow, "load", note)
    try:
        with database.read() as session:
            best = find_best_trial(session, job_id)
    finally:
        event.remove(TrialRow, "load", note)
    assert best.number == 0
    assert read == [best]


def test_trials_are_listed_by_number_in_pages(database):
    job_id = add_job(database)
    with database.write() as session:
        for number in (3, 1, 0, 2):
            status = TrialStatus.FAILED if number == 1 else TrialStatus.COMPLETED
            session.add(new_trial(job_id, number, status=status))
        session.flush()

        def numbers(**options) -> list[int]:
            return [trial.number for trial in list_trials(session, job_id, **options)]

        assert numbers() == [0, 1, 2, 3]
        assert numbers(after=0, limit=2) == [1, 2]
        assert numbers(status=TrialStatus.FAILED) == [1]


@pytest.mark.parametrize("clash", [{"number": 0}, {"architecture_hash": "0"}])
def test_job_has_each_number_and_each_architecture_once(database, clash):
    job_id = add_job(database)
    with database.write() as session:
        session.add(new_trial(job_id, 0))
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(new_trial(job_id, **({"number": 1} | clash)))


def test_epoch_is_recorded_once(database):
    job_id = add_job(database)
    with database.write() as session:
        trial = new_trial(job_id, 0, status=TrialStatus.RUNNING)
        session.add(trial)
        session.flush()
        assert record_epoch(session, trial, new_report(1, 0.25), NOON)
        assert record_epoch(session, trial, new_report(2, 0.5), NOON)
        assert not record_epoch(session, trial, new_report(1, 0.75), NOON)
        assert (trial.epochs_done, trial.accuracy, trial.loss) == (2, 0.5, 0.5)
        assert trial.train_seconds == 0.5
        assert [m.accuracy for m in list_metrics(session, trial.id)] == [0.25, 0.5]


def test_only_a_completed_equal_evaluation_answers_and_names_its_origin(database):
    first, second = add_job(database), add_job(database)
    with database.write() as session:
        running = new_trial(first, 0, architecture_hash="x", status=TrialStatus.RUNNING)
        session.add(running)
        session.flush()
        assert find_evaluation(session, "x", "key") is None
        record_epoch(session, running, new_report(1, 0.75), NOON)
        set_trial_status(running, TrialStatus.COMPLETED)
        session.flush()
        assert find_evaluation(session, "x", "other key") is None
        assert find_evaluation(session, "y", "key") is None
        source = find_evaluation(session, "x", "key")
        copied = new_trial(second, 0, architecture_hash="x")
        session.add(copied)
        session.flush()
        copy_evaluation(session, copied, source, NOON)
        assert (copied.accuracy, copied.epochs_done) == (0.75, 1)
        assert copied.cached_from == running.id
        third = new_trial(second, 1, architecture_hash="y")
        session.add(third)
        session.flush()
        copy_evaluation(session, third, copied, NOON)
        assert third.cached_from == running.id
        assert len(list_metrics(session, third.id)) == 1


@pytest.mark.parametrize("current", TrialStatus)
@pytest.mark.parametrize("wanted", TrialStatus)
def test_status_changes_only_as_the_table_allows(current, wanted):
    trial = new_trial("job", 0, status=current)
    if wanted in TRIAL_TRANSITIONS[current]:
        set_trial_status(trial, wanted)
        assert trial.status is wanted
    else:
        with pytest.raises(ConflictError, match=f"is {current} and cannot become {wanted}"):
            set_trial_status(trial, wanted)


def test_artefacts_are_listed_oldest_first_and_found_by_id(database):
    job_id = add_job(database)
    with database.write() as session:
        for name in ("one", "two"):
            session.add(
                ArtifactRow(
                    job_id=job_id,
                    kind="json",
                    path=name,
                    size_bytes=2**40,
                    sha256="0" * 64,
                    details={"checked": True},
                    created_at=NOON,
                )
            )
            session.flush()
        listed = list_artifacts(session, job_id)
        assert [artifact.path for artifact in listed] == ["one", "two"]
        assert find_or_raise_artifact(session, listed[0].id).size_bytes == 2**40


def test_what_is_not_there_is_not_found(database):
    with database.read() as session:
        with pytest.raises(NotFoundError, match="no trial 'nope'"):
            find_or_raise_trial(session, "nope")
        with pytest.raises(NotFoundError, match="no artefact 'nope'"):
            find_or_raise_artifact(session, "nope")
