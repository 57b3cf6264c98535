"""How fast one candidate trains, and how much of that time is the network's own.

    python benchmarks/training_throughput.py [--threads 1]

For random candidates of the cell space on digits, prints images/s of the whole epoch and the
share of its time spent in the network's forward, backward and optimiser step. The share is
taken against the same steps on batches prepared beforehand, both measured in turn.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch

from nas.datasets import find_or_raise_dataset
from nas.recipe import Augmentation, Recipe
from search_spaces import Architecture, create_space
from search_spaces.analysis import analyze
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

_EPOCHS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    dataset = find_or_raise_dataset("digits")
    info, device = dataset.info, torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images = DeviceImages(dataset.load().train, device)
    space, rng = create_space("cell"), np.random.default_rng(0)
    print(f"{device}, {arguments.threads} thread(s), {len(images)} images of 8x8 per epoch")
    print("parameters   images/s   own share")
    for _ in range(arguments.candidates):
        architecture = space.sample(rng)
        whole, own = _epoch_seconds(architecture, images, device)
        params = analyze(architecture, info.input_shape, info.num_classes).params
        print(f"{params:10,d} {len(images) / whole:10.0f} {own / whole:10.1%}")


def _epoch_seconds(
    architecture: Architecture, images: DeviceImages, device: torch.device
) -> tuple[float, float]:
    """Return the median seconds of a whole epoch and of its network steps alone."""
    training = CandidateTraining(
        architecture,
        (1, 8, 8),
        10,
        images=images,
        recipe=Recipe(),
        epochs=2 * _EPOCHS + 1,
        seed=0,
        device=device,
    )
    training.run_epoch()
    prepared = list(
        images.training_batches(64, Augmentation(), torch.Generator(device).manual_seed(0))
    )
    whole, own = [], []
    for _ in range(_EPOCHS):
        started = time.perf_counter()
        training.run_epoch()
        whole.append(time.perf_counter() - started)
        started = time.perf_counter()
        training.model.train()
        for batch, labels in prepared:
            training.train_step(batch, labels, training.epoch)
        if device.type == "cuda":
            torch.cuda.synchronize()
        own.append(time.perf_counter() - started)
    return statistics.median(whole), statistics.median(own)


if __name__ == "__main__":
    main()
