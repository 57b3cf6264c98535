from __future__ import annotations

from nas.baselines import BaselineResult
from nas.database.baselines import add_baseline, list_baselines, record_baseline_test
from nas.database.jobs import find_or_raise_job
from nas.representations import JobView
from tests.nas.factories import add_job

RESULT = BaselineResult(
    name="linear", validation_accuracy=0.9, fit_seconds=1.5, features=64, parameters=650
)


def read(database, job_id):
    with database.read() as session:
        return [BaselineResult.model_validate(row) for row in list_baselines(session, job_id)]


def test_recorded_baseline_comes_back_and_is_recorded_once(database):
    job_id = add_job(database)
    with database.write() as session:
        assert add_baseline(session, job_id, RESULT)
    with database.write() as session:
        assert not add_baseline(session, job_id, RESULT.model_copy(update={"features": 1}))
    assert read(database, job_id) == [RESULT]
    assert read(database, add_job(database)) == []


def test_first_test_stays(database):
    job_id = add_job(database)
    with database.write() as session:
        add_baseline(session, job_id, RESULT)
        record_baseline_test(session, job_id, "linear", 0.8, None)
        record_baseline_test(session, job_id, "linear", 0.7, None)
    assert read(database, job_id) == [RESULT.model_copy(update={"test_accuracy": 0.8})]


def test_baselines_go_with_their_job(database):
    gone, kept = add_job(database), add_job(database)
    with database.write() as session:
        for job_id in (gone, kept):
            add_baseline(session, job_id, RESULT)
    with database.write() as session:
        session.delete(find_or_raise_job(session, gone))
    assert read(database, gone) == []
    assert read(database, kept) == [RESULT]


def test_job_shows_what_it_asked_for_in_that_order(database):
    job_id = add_job(database, baselines=["mlp", "linear"])
    with database.write() as session:
        add_baseline(session, job_id, RESULT)
        view = JobView.of(session, find_or_raise_job(session, job_id))
    assert view.baselines == [BaselineResult(name="mlp"), RESULT]
    assert [each["name"] for each in view.model_dump(mode="json")["baselines"]] == ["mlp", "linear"]
