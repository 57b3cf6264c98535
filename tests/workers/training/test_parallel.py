"""Parallel training in a group of one, which must be training as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import distributed

from nas.errors import TrialInfeasibleError
from tests.workers.training.factories import CPU, digits, new_task, new_training, same_state
from workers.training.data import DeviceImages
from workers.training.evaluator import TrainingEvaluator
from workers.training.parallel import ParallelTraining


@pytest.fixture(autouse=True)
def group(tmp_path: Path) -> Iterator[None]:
    store = f"file://{tmp_path / 'store'}"
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_group_of_one_trains_bit_for_bit_as_without_a_group() -> None:
    data = digits(130, 60)
    alone, parallel = (
        new_training(data, epochs=2),
        new_training(data, epochs=2, kind=ParallelTraining),
    )
    validation = DeviceImages(data.validation, CPU)
    for _ in range(2):
        assert parallel.run_epoch() == alone.run_epoch()
        assert parallel.evaluate(validation).accuracy == alone.evaluate(validation).accuracy
    assert same_state(parallel.state(), alone.state())


def test_checkpoint_of_one_process_is_taken_up_by_a_group(tmp_path: Path) -> None:
    data = digits(130, 60)
    first = TrainingEvaluator(data).evaluate(new_task(tmp_path / "a", epochs=3))
    started = [next(first), next(first)]
    first.close()
    rest = TrainingEvaluator(data, training=ParallelTraining).evaluate(
        new_task(tmp_path / "a", epochs=3, recorded=2)
    )
    whole = TrainingEvaluator(data).evaluate(new_task(tmp_path / "b", epochs=3))
    assert [(r.epoch, r.metrics.accuracy) for r in (*started, *rest)] == [
        (r.epoch, r.metrics.accuracy) for r in whole
    ]


@pytest.mark.parametrize("processes", [2, 5])
def test_batch_norms_need_two_images_in_each_process(monkeypatch, processes: int) -> None:
    monkeypatch.setattr(distributed, "get_world_size", lambda *_: processes)
    with pytest.raises(TrialInfeasibleError) as caught:
        new_training(digits(40, 20), epochs=2, kind=ParallelTraining, batch_size=3)
    assert str(caught.value) == (
        "recipe.batch_size: got 3, which makes batches of 2 images for "
        f"{processes} workers, allowed: at least {2 * processes}"
    )
