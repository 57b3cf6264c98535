from __future__ import annotations

from datetime import timedelta

from nas.database.jobs import claim_job, find_or_raise_job
from nas.database.timings import (
    add_phase_times,
    add_worker_times,
    ask_times_by_sampler,
    total_phase_times,
    worker_totals,
)
from nas.phases import Phase, Spent
from tests.nas.factories import NOON, add_job


def test_times_add_up_over_runs_and_jobs_and_go_with_their_job(database):
    first, second = add_job(database), add_job(database, sampler="tpe")
    with database.write() as session:
        add_phase_times(session, first, {Phase.ASK: Spent(1.0, 2), Phase.TRAIN: Spent(8.0, 4)})
        add_phase_times(session, first, {Phase.ASK: Spent(0.5, 1)})
        add_phase_times(session, second, {Phase.ASK: Spent(2.0, 1)})
    with database.read() as session:
        totals = total_phase_times(session)
        assert list(totals) == list(Phase)
        assert (totals[Phase.ASK], totals[Phase.TRAIN]) == (Spent(3.5, 4), Spent(8.0, 4))
        assert totals[Phase.QUEUE] == Spent()
        assert ask_times_by_sampler(session) == {"random": Spent(1.5, 3), "tpe": Spent(2.0, 1)}
    with database.write() as session:
        session.delete(find_or_raise_job(session, first))
    with database.read() as session:
        assert total_phase_times(session)[Phase.ASK] == Spent(2.0, 1)


def test_workers_are_those_of_running_jobs_where_asked(database):
    first, second = add_job(database), add_job(database)
    with database.write() as session:
        claim_job(session, first, "a", NOON, timedelta(seconds=30))
        for job_id, slots in ((first, 2), (second, 4), (first, 3)):
            add_worker_times(session, job_id, slots=slots, slot_seconds=10.0, busy_seconds=4.0)
    with database.read() as session:
        assert worker_totals(session) == (7, 30.0, 12.0)
        assert worker_totals(session, running_only=True) == (3, 20.0, 8.0)
