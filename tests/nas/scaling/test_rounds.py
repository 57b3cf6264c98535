from __future__ import annotations

import pytest
from pydantic import ValidationError

from nas.database.jobs import create_job, find_or_raise_job, list_follow_ups, lock_job
from nas.database.trials import list_trials
from nas.errors import ConflictError, NasError, NotFoundError
from nas.job_file import write_job_file
from nas.representations import JobView
from nas.scaling.follow_up import FollowUpRequest, follow_up_spec, follow_up_view
from nas.scaling.rounds import search_rounds
from nas.status import JobStatus, TrialStatus
from tests.nas.factories import NOON, add_job, new_database, new_loop
from tests.nas.scaling.factories import add_finished_job
from tests.nas.scaling.following import follow

SMALL = {"divisor": 1, "grid": {"step": 0.2, "tolerance": 0.1}}


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


def add_follow_up(database, parent: str, **request) -> str:
    with database.write() as session:
        spec = follow_up_spec(session, parent, FollowUpRequest.model_validate(SMALL | request))
        return create_job(session, spec, NOON).id


def view_of(database, job_id: str):
    with database.read() as session:
        return follow_up_view(session, find_or_raise_job(session, job_id))


def test_grid_is_trained_then_the_family_of_the_most_accurate(database):
    job_id = add_follow_up(database, add_finished_job(database), phis=[1])
    follow(database, job_id)
    view = view_of(database, job_id)
    accuracies = [candidate.accuracy for candidate in view.candidates]
    best = view.candidates[accuracies.index(max(accuracies))]
    assert view.coefficients == best.coefficients
    assert view.members[0].trained == best.trained  # phi 1 is the grid's winner: no second trial
    shown = [view.base, *view.members, *(m for line in view.comparisons.values() for m in line)]
    assert all(m.accuracy is not None for m in shown)
    assert view.members[0].macs > view.base.macs
    with database.read() as session:
        job = JobView.of(session, find_or_raise_job(session, job_id))
        trials = list_trials(session, job_id)
    assert job.trials_done == len(trials) <= job.trials
    assert {t.status for t in trials} == {TrialStatus.COMPLETED}
    assert job.scaling is not None


def test_base_is_answered_by_the_parents_own_trial(database):
    parent = add_finished_job(database)
    job_id = add_follow_up(database, parent, coefficients="paper", phis=[1], compare=False)
    follow(database, job_id)
    base = view_of(database, job_id).base
    with database.read() as session:
        trial = next(t for t in list_trials(session, job_id) if t.id == base.trained.trial_id)
        assert trial.cached_from in {t.id for t in list_trials(session, parent)}


@pytest.mark.parametrize("cut", [2, 7])
def test_job_cut_off_in_either_round_goes_on_as_it_would_have(database, cut):
    parent = add_finished_job(database)
    whole = add_follow_up(database, parent, phis=[2, 3], compare=False)
    expected = follow(database, whole)
    with database.write() as session:  # its trials must not answer the second job's
        session.delete(find_or_raise_job(session, whole))
    job_id = add_follow_up(database, parent, phis=[2, 3], compare=False)
    first = follow(database, job_id, at_most=cut)
    assert first + follow(database, job_id) == expected
    assert len(expected) == 8


def test_job_without_coefficients_or_members_trains_the_grid_alone(database):
    job_id = add_follow_up(database, add_finished_job(database))
    trained = follow(database, job_id)
    view = view_of(database, job_id)
    assert len(trained) == len(view.candidates) > 2
    assert view.coefficients is not None
    assert view.members == []


def test_given_multipliers_need_no_grid(database):
    job_id = add_follow_up(
        database, add_finished_job(database), multipliers=["1.5,1,10"], compare=False
    )
    follow(database, job_id)
    view = view_of(database, job_id)
    assert view.candidates == []
    assert view.members[0].resolution == 10
    assert view.members[0].architecture["filters"] == 6
    assert view.members[0].accuracy is not None


def test_grid_of_which_nothing_could_be_trained_ends_the_job_with_a_reason(database):
    job_id = add_follow_up(database, add_finished_job(database), phis=[1])
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
    with pytest.raises(NasError, match="none of the grid's networks could be trained"):
        for part in search_rounds(database, job_id, spec, spec.new_problem()):
            loop = new_loop(database, job_id, problem=part.problem, trials=part.trials)
            while (task := loop.next_task()) is not None:
                loop.fail(task.trial_id, TrialStatus.FAILED, "diverged")


def test_follow_up_knows_its_parent_and_survives_its_deletion(database):
    parent = add_finished_job(database)
    job_id = add_follow_up(database, parent, coefficients="paper", phis=[1])
    with database.read() as session:
        assert [job.id for job in list_follow_ups(session, parent)] == [job_id]
        job, before = find_or_raise_job(session, job_id), find_or_raise_job(session, parent)
        assert (job.spec.epochs, job.spec.final_epochs) == (2, 7)
        assert job.spec.recipe == before.spec.recipe.resolved()
        assert job.parent_trial_id in {t.id for t in list_trials(session, parent)}
        assert f"job_id: {parent}" in write_job_file(job.spec)
    with database.write() as session:
        session.delete(lock_job(session, parent))
    assert follow(database, job_id)


def test_trial_is_scaled_as_a_winner_is(database):
    parent = add_finished_job(database)
    with database.read() as session:
        trial = list_trials(session, parent)[-1]
    job_id = add_follow_up(database, trial.id, phis=[1])
    with database.read() as session:
        scaling = find_or_raise_job(session, job_id).spec.scaling
    assert scaling.trial_id == trial.id
    assert scaling.architecture == trial.architecture_json


def test_what_is_not_finished_cannot_be_scaled(database):
    with pytest.raises(NotFoundError, match="no job or trial 'x'"):
        add_follow_up(database, "x")
    queued = add_job(database)
    with pytest.raises(ConflictError, match="is queued and its winner may change"):
        add_follow_up(database, queued)
    with database.write() as session:
        lock_job(session, queued).status = JobStatus.STOPPED
    with pytest.raises(ConflictError, match="has no completed trial to scale"):
        add_follow_up(database, queued)
    with pytest.raises(ConflictError, match="scales nothing"):
        view_of(database, queued)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"coefficients": "paper"}, "phis, multipliers and targets: got none"),
        ({"targets": ["latency_ms<=5"]}, "which takes a measurement; allowed in a job"),
        ({"phis": [17]}, "less than or equal to 16"),
        ({"coefficients": {"alpha": 3, "beta": 1, "gamma": 1}}, "alpha"),
        ({"multipliers": ["1,2"]}, "allowed: WIDTH,DEPTH,RESOLUTION"),
        ({"colour": 1}, "Extra inputs"),
    ],
)
def test_request_that_asks_for_what_cannot_be_is_refused(request_, message):
    with pytest.raises(ValidationError, match=message):
        FollowUpRequest.model_validate(request_)
