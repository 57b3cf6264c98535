from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from nas.datasets import StreamedData, find_or_raise_dataset
from nas.errors import TrialFailedError
from nas.recipe import Augmentation
from tests.workers.training.factories import CPU, new_task
from workers.training.data import DeviceImages
from workers.training.evaluator import FinalTraining, TrainingEvaluator
from workers.training.streaming import StreamedImages, open_images


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    rng = np.random.default_rng(0)
    for name in "abcdefghij":
        (tmp_path / "x" / name).mkdir(parents=True)
        for index in range(6):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "x" / name / f"{index}.png")
    return tmp_path / "x"


def load(options: str = "") -> StreamedData:
    return find_or_raise_dataset(f"folder:x?stream=true{options}").load()


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_same_images_in_memory(folder, workers):
    held = DeviceImages(find_or_raise_dataset("folder:x").load().train, CPU)
    streamed = StreamedImages(load().train, CPU, workers=workers)
    still = Augmentation(max_shift=0, max_rotation=0, max_zoom=0, flip="none")
    for ours, theirs in (
        (streamed.batches(7), held.batches(7)),
        (streamed.training_batches(7, still, seeded()), held.training_batches(7, still, seeded())),
    ):
        for (images, labels), (expected, of) in zip(ours, theirs, strict=True):
            assert torch.equal(images, expected)
            assert torch.equal(labels, of)
    for one, other in zip(streamed.channel_statistics(), held.channel_statistics(), strict=True):
        torch.testing.assert_close(one, other)


def test_unreadable_images_are_left_out_counted_once_and_limited(folder, caplog):
    (folder / "c" / "0.png").write_bytes(b"broken")
    (folder / "d" / "0.png").write_bytes(b"broken")
    broken = [load("&unreadable=0.2").train, load("&unreadable=0.2").test]
    images = [StreamedImages(split, CPU, workers=0) for split in broken]
    left = [sum(len(labels) for _, labels in each.batches(1)) for each in images]
    for each in images:
        list(each.batches(5))
    assert [each.unreadable for each in images] == [
        len(split) - count for split, count in zip(broken, left, strict=True)
    ]
    assert caplog.text.count("left out") == sum(each.unreadable for each in images)
    strict = load("&unreadable=0")
    with pytest.raises(TrialFailedError, match=r"1 of \d+ images cannot be read, allowed: .* 0$"):
        for split in (strict.train, strict.validation, strict.test):
            list(StreamedImages(split, CPU, workers=0).batches(5))


def test_streamed_data_set_trains_and_is_tested(folder, tmp_path):
    data = load()
    assert isinstance(open_images(data.train, CPU), StreamedImages)
    reports = list(TrainingEvaluator(data).evaluate(new_task(tmp_path / "trial", epochs=2)))
    assert [report.epoch for report in reports] == [1, 2]
    progress = list(FinalTraining(data).run(new_task(tmp_path / "final", epochs=1)))
    assert progress[-1].test is not None
