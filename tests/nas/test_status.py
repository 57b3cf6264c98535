from __future__ import annotations

import pytest

from nas.status import JOB_TRANSITIONS, TRIAL_TRANSITIONS, JobStatus, TrialStatus


def test_tables_name_every_status():
    assert set(JOB_TRANSITIONS) == set(JobStatus)
    assert set(TRIAL_TRANSITIONS) == set(TrialStatus)


def test_final_trials_and_completed_jobs_never_change():
    for status, following in TRIAL_TRANSITIONS.items():
        assert status.is_final == (not following)
    assert not JOB_TRANSITIONS[JobStatus.COMPLETED]


@pytest.mark.parametrize("table", [JOB_TRANSITIONS, TRIAL_TRANSITIONS])
def test_every_status_is_reached_from_the_first(table):
    reached, waiting = set(), [next(iter(table))]
    while waiting:
        status = waiting.pop()
        if status not in reached:
            reached.add(status)
            waiting += table[status]
    assert reached == set(table)


def test_active_jobs_are_those_a_runner_has_or_should_have():
    active = {status for status in JobStatus if status.is_active}
    assert active == {JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.STOPPING}
