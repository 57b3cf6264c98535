"""Candidates trained by two processes, through Ray Train."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import ray
from safetensors.torch import load_file
from torch import distributed
from torch.testing import assert_close

from nas.errors import TrialFailedError
from search_spaces.stages.architecture import Stem
from search_spaces.stages.families import Conv
from tests.search_spaces.stages.factories import network_of, stage_of
from tests.workers.training.factories import digits, new_task
from workers.cluster import ensure_ray
from workers.distributed import DistributedEvaluator, run_together
from workers.placement import TrialShare
from workers.training.evaluator import TrainingEvaluator

pytestmark = pytest.mark.slow

TWO = TrialShare(cpus=1.0, gpus=0.0, workers=2)
WITHOUT_BATCH_NORM = network_of(
    stage_of(Conv(width=8), depth=1), stem=Stem(width=4, norm=False, bias=True)
)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ensure_ray(None)
    yield
    ray.shutdown()


def test_two_workers_take_the_steps_of_one(tmp_path: Path) -> None:
    """Batches of 67 images do not split evenly; the gradient must still be the whole batch's."""
    data = digits(201, 99)
    one, two = (
        replace(
            new_task(tmp_path / name, epochs=2, batch_size=67, learning_rate=0.02),
            architecture=WITHOUT_BATCH_NORM,
        )
        for name in ("one", "two")
    )
    evaluator = DistributedEvaluator(data, TWO)
    together = list(evaluator.evaluate(two))
    alone = list(TrainingEvaluator(data).evaluate(one))
    assert [report.epoch for report in together] == [1, 2]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.metrics.accuracy == pytest.approx(theirs.metrics.accuracy, abs=1.5 / 99)
        assert ours.metrics.loss == pytest.approx(theirs.metrics.loss, rel=1e-3)
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-3)
    weights, expected = (load_file(each.directory / "weights.safetensors") for each in (two, one))
    for name, tensor in weights.items():
        assert_close(tensor, expected[name], rtol=1e-3, atol=1e-4)
    assert evaluator.environment().device == "cpu"


def die_once_then_fail(directory: Path) -> Iterator[tuple[int, int]]:
    is_second = (directory / "died").exists()
    yield (distributed.get_rank(), distributed.get_world_size())
    if distributed.get_rank() == 1 and not is_second:
        (directory / "died").touch()
        os._exit(1)
    distributed.barrier()
    yield (7, 7)
    raise TrialFailedError("diverged at epoch 3")


def test_dead_worker_starts_all_anew_and_an_error_ends_them(tmp_path: Path) -> None:
    items = run_together(partial(die_once_then_fail, tmp_path), TWO)
    seen: list[tuple[int, int]] = []
    with pytest.raises(TrialFailedError, match="diverged at epoch 3"):
        for item in items:
            seen.append(item)
    assert seen == [(0, 2), (0, 2), (7, 7)]
