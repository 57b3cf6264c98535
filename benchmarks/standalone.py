"""Small networks of `nasbench201`, each trained from scratch on digits, for weight_sharing.py.

    python benchmarks/standalone.py --networks 100 --out benchmarks/nb201-digits-standalone.json

One cell a stage, eight filters, three epochs as in the table `cells-digits`, once with each of
two seeds; about a second per training on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from train_table import train

from nas.datasets import find_or_raise_dataset
from search_spaces import Architecture, create_space
from workers.training.evaluator import TrainingEvaluator

OPTIONS = {"cells": 1, "filters": 8}
SEEDS = (0, 1)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    space, rng = create_space("nasbench201", OPTIONS), np.random.default_rng(0)
    drawn: dict[str, Architecture] = {}
    while len(drawn) < arguments.networks:
        architecture = space.sample(rng).canonical()
        drawn.setdefault(architecture.content_hash, architecture)
    evaluator = TrainingEvaluator(find_or_raise_dataset("digits").load())
    rows = []
    for architecture in drawn.values():
        started = time.perf_counter()
        accuracy = [round(train(evaluator, architecture, seed), 6) for seed in SEEDS]
        seconds = (time.perf_counter() - started) / len(SEEDS)
        answers = space.choices(architecture)
        rows.append({"choices": answers, "accuracy": accuracy, "seconds": round(seconds, 3)})
    arguments.out.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
