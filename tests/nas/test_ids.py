from __future__ import annotations

import time
from datetime import UTC, timedelta
from uuid import UUID

from nas.ids import new_id, utc_now


def test_id_is_a_version_7_uuid_of_this_moment():
    before = time.time_ns() // 1_000_000
    made = UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after


def test_ids_are_unique_and_sort_by_the_time_they_were_made():
    assert len({new_id() for _ in range(5000)}) == 5000
    made = []
    for _ in range(20):
        made.append(new_id())
        started = time.time_ns()
        while time.time_ns() - started < 2_000:  # past the id's resolution of 244 ns
            pass
    assert made == sorted(made)


def test_now_is_aware_and_in_utc():
    assert utc_now().tzinfo is UTC
    assert utc_now().utcoffset() == timedelta(0)
