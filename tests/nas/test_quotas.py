from __future__ import annotations

import pytest

from nas.access import NO_QUOTA, Quota, Role
from nas.database.api_keys import create_key
from nas.database.jobs import create_job, request_stop
from nas.database.trials import list_trials
from nas.errors import QuotaExceededError
from nas.ids import utc_now
from nas.quotas import require_within_quota, usage_of
from tests.nas.factories import new_loop, new_spec, run_to_the_end


def key_with(session, **quota) -> str:
    return create_key(session, "k", Role.SUBMITTER, Quota(**quota), utc_now())[0].id


def test_jobs_at_once_count_those_that_are_active(database):
    with database.write() as session:
        key = key_with(session, jobs_at_once=1)
        require_within_quota(session, key, new_trials=1)
        job = create_job(session, new_spec(), utc_now(), owner=key)
        with pytest.raises(QuotaExceededError, match=r"jobs_at_once: .* 1 active, allowed: 1"):
            require_within_quota(session, key, new_trials=1)
        request_stop(session, job.id, utc_now())
        session.flush()
        require_within_quota(session, key, new_trials=1)


def test_trials_add_up_over_jobs_of_the_key_alone(database):
    with database.write() as session:
        key, other = key_with(session, trials=10), key_with(session)
        create_job(session, new_spec(trials=7), utc_now(), owner=key)
        create_job(session, new_spec(trials=100), utc_now(), owner=other)
        require_within_quota(session, key, new_trials=3)
        with pytest.raises(QuotaExceededError, match=r"trials: got 4, .* asked for 7, allowed: 10"):
            require_within_quota(session, key, new_trials=4)


def test_gpu_hours_are_training_time_on_gpus_times_the_gpus_named(database):
    with database.write() as session:
        key = key_with(session, gpu_hours=1.0)
        spec = new_spec(trials=2, resources={"gpus_per_trial": 0.5})
        job_id = create_job(session, spec, utc_now(), owner=key).id
    run_to_the_end(new_loop(database, job_id))
    with database.write() as session:
        on_gpu, on_cpu = list_trials(session, job_id)
        on_gpu.train_seconds = on_cpu.train_seconds = 7200.0
        on_gpu.environment_json = {**(on_gpu.environment_json or {}), "device": "NVIDIA H100"}
        on_cpu.environment_json = {**(on_cpu.environment_json or {}), "device": "cpu"}
        session.flush()
        assert usage_of(session, key).gpu_hours == pytest.approx(1.0)
        with pytest.raises(QuotaExceededError, match="gpu_hours"):
            require_within_quota(session, key, new_trials=1)


def test_without_a_key_or_a_quota_nothing_is_refused(database):
    with database.write() as session:
        key, _ = create_key(session, "k", Role.ADMIN, NO_QUOTA, utc_now())
        require_within_quota(session, key.id, new_trials=10**6)
        require_within_quota(session, None, new_trials=10**6)
