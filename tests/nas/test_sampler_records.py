from __future__ import annotations

import pytest

from nas.database.policies import list_policies
from nas.database.sampler_states import find_sampler_state, keep_sampler_state
from nas.samplers.rl.sampler import RLSampler
from tests.nas.factories import add_job, finish, new_database, new_loop

TELLS_PER_STATE = 10
TRIALS = 18


@pytest.fixture
def database(tmp_path):
    database = new_database(tmp_path)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _states_are_kept_often(monkeypatch):
    monkeypatch.setattr("nas.sampler_records.TELLS_PER_STATE", TELLS_PER_STATE)


@pytest.fixture
def tells(monkeypatch):
    """Count the results that controllers are told."""
    counted = []
    tell = RLSampler.tell

    def counting(self, number, proposal, reward):
        counted.append(number)
        tell(self, number, proposal, reward)

    monkeypatch.setattr(RLSampler, "tell", counting)
    return counted


def rl_job(database, **changes) -> str:
    return add_job(database, sampler="rl", space="nasbench201", space_options={}, **changes)


def run_trials(loop, count: int) -> list[str]:
    """Evaluate so many trials; returns their architectures' hashes."""
    hashes = []
    for _ in range(count):
        task = loop.next_task()
        finish(loop, task)
        hashes.append(task.architecture.content_hash)
    return hashes


def policies_of(database, job_id) -> list[tuple]:
    with database.read() as session:
        return [
            (row.update, row.told, row.entropy, row.baseline, row.decisions)
            for row in list_policies(session, job_id)
        ]


def test_crashed_search_goes_on_from_the_kept_state_as_if_nothing_had_happened(database, tells):
    whole, crashed = (rl_job(database, trials=200, seed=5, name=name) for name in "ab")
    uncrashed_loop = new_loop(database, whole, data="a")
    expected = run_trials(uncrashed_loop, TRIALS)
    found = run_trials(new_loop(database, crashed, data="b"), TRIALS - 4)
    told = len(tells)
    again = new_loop(database, crashed, data="b")
    assert 0 < len(tells) - told < TELLS_PER_STATE
    found += run_trials(again, 4)
    assert found == expected
    assert policies_of(database, crashed) == policies_of(database, whole)


def test_state_that_cannot_be_read_is_passed_over(database, tells):
    job_id = rl_job(database, trials=200)
    run_trials(new_loop(database, job_id), TELLS_PER_STATE + 2)
    told = len(tells)
    with database.write() as session:
        keep_sampler_state(session, job_id, TELLS_PER_STATE, b"of another version")
    new_loop(database, job_id)
    assert len(tells) == 2 * told


def test_policy_is_recorded_after_every_update(database):
    job_id = rl_job(database, trials=200, sampler_options={"batch_size": 4})
    run_trials(new_loop(database, job_id), 12)
    moments = policies_of(database, job_id)
    assert [(update, told) for update, told, *_ in moments] == [(0, 1), (1, 4), (2, 8), (3, 12)]
    assert moments[0][2] > moments[-1][2] > 0
    assert len(moments[0][4]) == 6


def test_sampler_without_a_policy_records_nothing(database):
    job_id = add_job(database, trials=6)
    run_trials(new_loop(database, job_id), 6)
    assert policies_of(database, job_id) == []
    with database.read() as session:
        assert find_sampler_state(session, job_id) is None
