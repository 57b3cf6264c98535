"""Candidates trained per hour on the whole machine: the last part of `training.py`.

By loop (a) with all threads on one candidate after the other, as it is usually written, and by the
service with threads per candidate or with candidates at once.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from plain_loops import PlainTraining, tensor_batches

from nas.datasets import find_or_raise_dataset
from nas.recipe import Recipe
from search_spaces import Architecture, create_space
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

MACHINE_EPOCHS = 5
CLASSES = 10
CPU = torch.device("cpu")


def machine(_: torch.device, *, quick: bool) -> None:
    """Print candidates per hour on the whole machine, and how good they are."""
    space, rng = create_space("cell"), np.random.default_rng(1)
    architectures = [space.sample(rng) for _ in range(4 if quick else 16)]
    cores = os.cpu_count() or 1
    ways: dict[str, tuple[Callable[[Architecture], float], int, int]] = {
        "loop (a), one at a time": (_train_plainly, 1, cores),
        "service, one at a time": (_train, 1, cores),
        f"service, {cores} at once": (_train, cores, 1),
    }
    print(f"{len(architectures)} candidates of the cell space, {MACHINE_EPOCHS} epochs of digits")
    print("way                        threads  candidates/h   to (a)  accuracy")
    pools = {
        name: ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=_set_up, initargs=(threads,)
        )
        for name, (_, processes, threads) in ways.items()
    }
    accuracies: dict[str, list[float]] = {name: [] for name in ways}
    spent = dict.fromkeys(ways, 0.0)
    rounds = 2 if quick else 4
    for name, pool in pools.items():  # start the processes before anything is measured
        list(pool.map(_warm_up, range(ways[name][1])))
    for part in np.array_split(np.arange(len(architectures)), rounds):
        for name, (function, _, _) in ways.items():
            started = time.perf_counter()
            accuracies[name] += pools[name].map(function, [architectures[i] for i in part])
            spent[name] += time.perf_counter() - started
    per_hour = {name: 3600 * len(architectures) / seconds for name, seconds in spent.items()}
    reference = per_hour["loop (a), one at a time"]
    for name, (_, _, threads) in ways.items():
        print(
            f"{name:26} {threads:7d} {per_hour[name]:13.0f} {per_hour[name] / reference:7.2f}x "
            f"{statistics.mean(accuracies[name]):9.4f}",
            flush=True,
        )
    for pool in pools.values():
        pool.shutdown()


def _set_up(threads: int) -> None:
    torch.set_num_threads(threads)


def _warm_up(_: int) -> None:
    torch.ones(8, 8) @ torch.ones(8, 8)
    find_or_raise_dataset("digits").load()
    time.sleep(0.5)  # so that every process takes one


def _train(architecture: Architecture) -> float:
    data = find_or_raise_dataset("digits").load()
    training = CandidateTraining(
        architecture,
        (1, 8, 8),
        CLASSES,
        images=DeviceImages(data.train, CPU),
        recipe=Recipe(),
        epochs=MACHINE_EPOCHS,
        seed=0,
        device=CPU,
    )
    validation = DeviceImages(data.validation, CPU)
    for _ in range(MACHINE_EPOCHS):
        training.run_epoch()
        metrics = training.evaluate(validation)
    return metrics.accuracy


def _train_plainly(architecture: Architecture) -> float:
    data = find_or_raise_dataset("digits").load()
    training = PlainTraining(
        architecture,
        (1, 8, 8),
        CLASSES,
        train=data.train,
        batches=tensor_batches(data.train, Recipe()),
        recipe=Recipe(),
        epochs=MACHINE_EPOCHS,
        device=CPU,
    )
    for _ in range(MACHINE_EPOCHS):
        training.run_epoch()
        accuracy = training.accuracy(data.validation)
    return accuracy
