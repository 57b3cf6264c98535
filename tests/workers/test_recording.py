from __future__ import annotations

import threading

from nas.database.timings import PhaseTimeRow, total_phase_times, worker_totals
from nas.phases import Phase, PhaseClock, Spent
from tests.nas.factories import add_job, new_database, new_report
from workers.recording import TrialTimes, recording


def test_phases_are_read_from_the_results_of_trials():
    clock, now = PhaseClock(), [100.0]
    times = TrialTimes(clock, lambda: now[0])
    times.handed_out("a")
    now[0] = 107.0
    times.note("a", {"report": new_report(1), "time_this_iter_s": 5.0})  # waited 2 s, ran 5 s
    now[0] = 120.0
    times.note("a", {"report": new_report(2), "time_this_iter_s": 4.0})
    times.handed_out("b")
    now[0] = 121.0
    times.note("b", {"ending": "failed", "time_this_iter_s": 0.5})
    times.note("c", {})
    times.note("c", {"report": new_report(1), "time_this_iter_s": 0.125})  # repeated, 0.25 s then
    spent, busy_seconds = clock.take()
    assert spent[Phase.QUEUE] == Spent(2.5, 2)
    assert spent[Phase.TRAIN] == Spent(0.625, 3)
    assert spent[Phase.VALIDATE] == Spent(0.0, 3)
    assert busy_seconds == 9.625


def test_what_a_runner_measures_can_be_read_while_it_runs_and_afterwards(tmp_path):
    database, clock = new_database(tmp_path), PhaseClock()
    job_id = add_job(database)
    with recording(database, job_id, clock, lambda: 2, every_seconds=0.02):
        clock.add(Phase.ASK, 0.5)
        clock.add_busy(0.01)
        waiting = threading.Event()
        for _ in range(500):
            with database.read() as session:
                if session.get(PhaseTimeRow, (job_id, "ask")) is not None:
                    break
            waiting.wait(0.01)
        else:
            raise AssertionError("nothing was recorded while the block lasted")
        clock.add(Phase.ASK, 0.25)
    with database.read() as session:
        assert total_phase_times(session)[Phase.ASK] == Spent(0.75, 2)
        slots, slot_seconds, busy_seconds = worker_totals(session)
    assert (slots, busy_seconds) == (2, 0.01)
    assert slot_seconds > 0
    database.close()


def test_database_that_cannot_be_reached_costs_no_figure(tmp_path):
    database, clock = new_database(tmp_path), PhaseClock()
    job_id = add_job(database)
    reached = threading.Event()

    class Unreachable:
        """The database, out of reach until `reached`."""

        def write(self):
            from nas.errors import DatabaseUnavailableError

            if not reached.is_set():
                refused.append(1)
                raise DatabaseUnavailableError("gone")
            return database.write()

    refused: list[int] = []
    clock.add(Phase.TRAIN, 1.0)
    with recording(Unreachable(), job_id, clock, lambda: 1, every_seconds=0.01):
        while len(refused) < 2:
            reached.wait(0.01)
        reached.set()
    with database.read() as session:
        assert total_phase_times(session)[Phase.TRAIN] == Spent(1.0, 1)
    database.close()
