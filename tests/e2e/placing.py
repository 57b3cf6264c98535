"""An evaluator that says where its trials run; without torch, so that its processes start soon."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import ray

from nas.datasets import ImageData
from nas.evaluation import EpochReport, Evaluator, TrialTask
from tests.nas.factories import new_report
from workers.cluster import may_use_gpu


class PlaceEvaluator(Evaluator):
    """Notes where a trial runs and where its images lie; waits for others to run beside it."""

    def __init__(self, directory: Path, data: ImageData, together: int) -> None:
        self.directory, self.data, self.together = directory, data, together

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        images = self.data.train.images
        place = {
            "node": ray.get_runtime_context().get_node_id(),
            "gpus": ray.get_runtime_context().get_accelerator_ids()["GPU"],
            "may_use_gpu": may_use_gpu(),
            "images": mapped_at(images.ctypes.data),
            "is_writeable": images.flags.writeable,
        }
        (self.directory / f"{task.number}.json").write_text(json.dumps(place))
        deadline = time.monotonic() + 60
        while len(list(self.directory.iterdir())) < self.together and time.monotonic() < deadline:
            time.sleep(0.1)
        yield new_report(1)


def mapped_at(address: int) -> list[str]:
    """Name the memory that an address of this process stands for: file, and offset in it."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, offset, device, inode, *_ = line.split()
        first, last = (int(bound, 16) for bound in span.split("-"))
        if first <= address < last:
            return [device, inode, hex(address - first + int(offset, 16))]
    raise ValueError(f"{address:x} is mapped nowhere")
