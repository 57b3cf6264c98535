"""Train every architecture of a small cell space on digits and write a table for `nas bench`.

    python benchmarks/train_table.py --out nas/bench/tables/cells-digits.csv.gz

The space has one block a cell and four operations: 4,096 answers, of which those that describe
equal networks share one training. Fifteen minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from nas.bench.table import BUILT_IN
from nas.datasets import ImageData, find_or_raise_dataset
from nas.evaluation import Evaluator, TrialTask
from nas.recipe import Recipe
from search_spaces import Architecture, create_space
from search_spaces.variation import every_choices

TABLE = "cells-digits"
EPOCHS = 3

_DATA: ImageData | None = None


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, help="stop after so many networks, to try it out")
    options = parser.parse_args()
    source = BUILT_IN[TABLE]
    space = create_space(source.space, source.options)
    names = [decision.name for decision in space.decisions]
    rows = every_choices(space.decisions)
    networks = [space.architecture(row).canonical() for row in rows]
    different = {network.content_hash: network for network in networks}
    trained = list(different.items())[: options.limit]
    with ProcessPoolExecutor(
        options.processes, mp_context=get_context("spawn"), initializer=_start
    ) as pool:
        accuracies = dict(
            zip(
                (content_hash for content_hash, _ in trained),
                pool.map(_accuracy, (network for _, network in trained), chunksize=4),
                strict=True,
            )
        )
    with gzip.open(options.out, "wt", newline="", compresslevel=9) as file:
        writer = csv.writer(file)
        writer.writerow([*names, "accuracy"])
        for row, network in zip(rows, networks, strict=True):
            if network.content_hash in accuracies:
                writer.writerow([*row.values(), f"{100 * accuracies[network.content_hash]:.4f}"])
    print(f"{len(trained)} networks of {len(different)}, {len(rows)} rows: {options.out}")


def _start() -> None:
    global _DATA  # loaded once in each process
    import torch

    torch.set_num_threads(1)
    _DATA = find_or_raise_dataset("digits").load()


def _accuracy(architecture: Architecture) -> float:
    from workers.training.evaluator import TrainingEvaluator

    if _DATA is None:
        raise RuntimeError("the process was not started by `main`")
    return train(TrainingEvaluator(_DATA), architecture, seed=0)


def train(evaluator: Evaluator, architecture: Architecture, seed: int) -> float:
    """Train as a trial of a search is trained; return the last epoch's validation accuracy."""
    info = find_or_raise_dataset("digits").info
    with tempfile.TemporaryDirectory() as directory:
        task = TrialTask(
            trial_id=architecture.content_hash,
            number=0,
            architecture=architecture,
            input_shape=info.input_shape,
            num_classes=info.num_classes,
            recipe=Recipe(),
            epochs=EPOCHS,
            seed=seed,
            directory=Path(directory),
        )
        return list(evaluator.evaluate(task))[-1].metrics.accuracy


if __name__ == "__main__":
    main()
