from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from nas.evaluation import TrialTask
from nas.recipe import Recipe
from search_spaces.case_studies import find_or_raise_case_study
from workers.handing_out import AHEAD_SECONDS, PLACES_SECONDS, Handout, Room
from workers.placement import TrialShare


class Cluster:
    """Has some places, counts how often it is asked, and has a clock."""

    def __init__(self, places: int) -> None:
        self.places, self.asked, self.now = places, 0, 100.0

    def count(self) -> int:
        self.asked += 1
        return self.places

    def room(self) -> Room:
        return Room(self.count, lambda: self.now)


def test_no_trial_waits_while_trials_end_in_quick_succession():
    cluster = Cluster(2)
    room = cluster.room()
    for _ in range(10):
        assert [room.has_place(out) for out in (0, 1, 2, 3)] == [True, True, False, False]
        cluster.now += AHEAD_SECONDS / 2
        room.note_end()


def test_one_trial_waits_where_trials_are_long():
    cluster = Cluster(2)
    room = cluster.room()
    cluster.now += AHEAD_SECONDS
    assert [room.has_place(out) for out in (1, 2, 3)] == [True, True, False]
    room.note_end()
    assert not room.has_place(2)


def test_cluster_is_asked_now_and_then_and_may_grow_and_shrink():
    cluster = Cluster(2)
    room = cluster.room()
    assert not any(room.has_place(2) for _ in range(50))
    assert cluster.asked == 1
    cluster.places, cluster.now = 4, cluster.now + PLACES_SECONDS
    assert [room.has_place(out) for out in (2, 3, 4)] == [True, True, False]
    cluster.places, cluster.now = 0, cluster.now + PLACES_SECONDS / 2
    assert room.has_place(3)  # not asked again yet
    cluster.now += PLACES_SECONDS / 2
    room.note_end()
    assert [room.has_place(out) for out in (0, 1)] == [True, False]  # one asks for a place


def test_places_that_cannot_be_counted_stay_as_they_were():
    cluster = Cluster(2)
    places = [cluster.count]
    room = Room(lambda: places[-1](), lambda: cluster.now)
    assert room.has_place(1)

    def lost() -> int:
        raise ConnectionError("the head does not answer")

    places.append(lost)
    cluster.now += PLACES_SECONDS
    assert room.has_place(1)
    assert not room.has_place(2)


def test_there_is_always_room_where_no_bound_is_known():
    assert Room(None).has_place(1000)


def test_handout_is_not_copied_and_has_a_short_name():
    architecture = find_or_raise_case_study("resnet-18").architecture
    task = TrialTask("id", 7, architecture, (3, 8, 8), 10, Recipe(), 1, 0, Path("trial"))
    handout = Handout(task, TrialShare(1.0, 0.0))
    assert deepcopy({"handout": handout})["handout"] is handout
    assert repr(handout) == "trial 7"
