from __future__ import annotations

import threading

import pytest

from nas.phases import Phase, PhaseClock, Spent


def test_phases_add_up_and_are_handed_over_once():
    clock = PhaseClock()
    clock.add(Phase.ASK, 0.5)
    clock.add(Phase.ASK, 0.25)
    clock.add(Phase.TRAIN, 2.0)
    clock.add_busy(3.0)
    taken = clock.take()
    assert taken == ({Phase.ASK: Spent(0.75, 2), Phase.TRAIN: Spent(2.0, 1)}, 3.0)
    assert clock.take() == ({}, 0.0)
    clock.put_back(*taken)
    clock.add(Phase.ASK, 0.25)
    assert clock.take() == ({Phase.ASK: Spent(1.0, 3), Phase.TRAIN: Spent(2.0, 1)}, 3.0)


def test_what_fails_is_measured_too():
    clock = PhaseClock()
    with pytest.raises(ValueError), clock.measure(Phase.RECORD):
        raise ValueError
    assert clock.take()[0][Phase.RECORD].count == 1


def test_threads_lose_nothing():
    clock, taken = PhaseClock(), []

    def add() -> None:
        for _ in range(2000):
            clock.add(Phase.RECORD, 1.0)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken.append(clock.take()[0].get(Phase.RECORD, Spent()))
    for thread in threads:
        thread.join()
    taken.append(clock.take()[0].get(Phase.RECORD, Spent()))
    assert sum(each.count for each in taken) == 8000
