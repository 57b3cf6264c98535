from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.faulty import hang
from workers.cluster import ensure_ray
from workers.parallel import Outcome, call_each

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    ensure_ray(None)
    yield
    ray.shutdown()


def half(name: str, number: float) -> float:
    if name == "raises":
        raise ValueError("no half of this")
    if name == "dies":
        os._exit(1)
    return number / 2


def wait(name: str, directory: Path) -> None:
    (directory / name).touch()
    while not (directory / "go").exists():
        time.sleep(0.05)
    (directory / f"{name}-went").touch()


def hang_or_wait(name: str, directory: Path) -> None:
    hang() if name == "hangs" else wait(name, directory)


def never() -> bool:
    return False


def test_each_call_ends_with_its_value_or_its_reason() -> None:
    outcomes = call_each(half, ["good", "raises", "dies"], (3.0,), should_stop=never)
    found = {outcome.name: outcome for outcome in outcomes}
    assert found["good"] == Outcome("good", 1.5)
    assert found["raises"] == Outcome("raises", error="ValueError: no half of this")
    assert found["dies"].value is None
    assert str(found["dies"].error).startswith("its worker process died: ")


def test_call_that_hangs_is_ended_after_its_time_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    calls = call_each(
        hang_or_wait, ["hangs", "b"], (tmp_path,), should_stop=never, timeout_seconds=3
    )
    found = {outcome.name: outcome for outcome in calls}
    assert str(found["hangs"].error).startswith("its worker process died: ")
    assert str(found["hangs"].error).endswith(", as it does after 3 s")
    assert found["b"].error is None


def test_stop_ends_the_calls_under_way(tmp_path: Path) -> None:
    outcomes = call_each(wait, ["a"], (tmp_path,), should_stop=(tmp_path / "a").exists)
    assert list(outcomes) == []
    time.sleep(2)
    (tmp_path / "go").touch()
    time.sleep(1)
    assert not (tmp_path / "a-went").exists()


def test_no_names_need_no_cluster() -> None:
    assert list(call_each(half, [], (1.0,), should_stop=never)) == []
