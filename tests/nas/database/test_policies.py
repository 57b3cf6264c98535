from __future__ import annotations

import pytest

from nas.database.policies import (
    MOST_POLICIES,
    add_policy,
    last_update,
    list_policies,
    policy_stride,
)
from nas.policy import DecisionPolicy, Policy
from tests.nas.factories import add_job


def policy_after(update: int) -> Policy:
    return Policy(
        update=update,
        entropy=1.5,
        baseline=None if update == 0 else 0.25,
        decisions=(
            DecisionPolicy(name="d", choices=("a", 3), probabilities=(0.75, 0.25), reached=0.5),
        ),
    )


def test_policy_comes_back_as_it_was_recorded(database):
    job_id = add_job(database)
    with database.write() as session:
        assert last_update(session, job_id) is None
        for update in range(3):
            add_policy(session, job_id, 5 * update, policy_after(update))
    with database.read() as session:
        assert last_update(session, job_id) == 2
        rows = list_policies(session, job_id, after=0)
        assert [(row.update, row.told) for row in rows] == [(1, 5), (2, 10)]
        found = {name: getattr(rows[0], name) for name in Policy.model_fields}
    assert Policy.model_validate(found) == policy_after(1)


def test_job_takes_its_policies_with_it(database):
    from nas.database.jobs import find_or_raise_job

    job_id, other = add_job(database), add_job(database)
    with database.write() as session:
        for each in (job_id, other):
            add_policy(session, each, 0, policy_after(0))
        session.delete(find_or_raise_job(session, job_id))
    with database.read() as session:
        assert not list_policies(session, job_id)
        assert len(list_policies(session, other)) == 1


@pytest.mark.parametrize("newest", [0, 255, 256, 511, 512, 5_000, 1_000_000])
def test_moments_kept_are_many_but_bounded(newest):
    kept = newest // policy_stride(newest) + 1
    assert min(newest + 1, MOST_POLICIES // 2) <= kept <= MOST_POLICIES


def test_longer_search_is_thinned_evenly(tmp_path):
    from tests.nas.factories import new_database

    database = new_database(tmp_path)
    job_id = add_job(database)
    with database.write() as session:
        for update in range(600):
            if update % policy_stride(update) == 0:
                add_policy(session, job_id, update, policy_after(update))
    with database.read() as session:
        kept = [row.update for row in list_policies(session, job_id)]
    assert kept == list(range(0, 600, 4))
    database.close()
