"""How well zero-cost proxies rank trained networks, and what a score costs.

    python benchmarks/proxies.py --table cells-digits
    python benchmarks/proxies.py --table nb201 --batch-size 16

Prints, for networks drawn from a table of trained ones, Kendall's tau of each proxy against
trained accuracy with a 95 % bootstrap interval, and seconds per network on one core.

The networks of `cells-digits` were trained on digits, and mini-batches are of these. Those of
`nb201` were trained on CIFAR-10, which is not at hand: they are scored on digits, resized to
3x32x32.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata

from nas.bench.table import Table, load_table
from nas.datasets import Split, find_or_raise_dataset
from nas.proxies import PROXIES
from nas.recipe import Recipe
from search_spaces import Architecture
from search_spaces.base import InputShape
from workers.proxies.scorer import ProxyScorer

SHAPES: dict[str, InputShape] = {"cells-digits": (1, 8, 8), "nb201": (3, 32, 32)}
_RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)


def main() -> None:
    """Score, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--table", choices=SHAPES, required=True)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--proxies", default=",".join(PROXIES), help="with commas between")
    parser.add_argument("--batch-size", type=int, default=Recipe().batch_size)
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of the weights")
    parser.add_argument("--out", type=Path, help="JSON file for every score")
    options = parser.parse_args()
    torch.set_num_threads(1)
    scorer = new_scorer(options.table, options.batch_size, options.seed)
    networks, accuracies = draw(load_table(options.table), options.networks, options.seed)
    print(f"{options.table}: {len(networks)} networks, mini-batch {options.batch_size}")
    print(f"{'proxy':10s} {'tau':>7s}  {'95 % interval':>16s} {'s/network':>10s} {'no score':>9s}")
    results = {}
    for name in options.proxies.split(","):
        started = time.perf_counter()
        scores = np.array([scorer.score(network, name).value for network in networks])
        seconds = (time.perf_counter() - started) / len(networks)
        tau, (low, high) = correlation(scores, accuracies)
        missing = int(np.isneginf(scores).sum())
        print(f"{name:10s} {tau:+7.3f}  [{low:+.3f}, {high:+.3f}] {seconds:10.4f} {missing:9d}")
        results[name] = scores.tolist()
    if options.out is not None:
        options.out.write_text(json.dumps({"accuracy": accuracies.tolist(), **results}))


def draw(table: Table, count: int, seed: int) -> tuple[list[Architecture], NDArray[np.float64]]:
    """Draw different networks and what each was trained to."""
    rng = np.random.default_rng(seed)
    found: dict[str, tuple[Architecture, float]] = {}
    while len(found) < count:
        architecture = table.space.sample(rng)
        value = table.values[table.key(table.space.choices(architecture))]
        found.setdefault(architecture.content_hash, (architecture, value))
    networks, values = zip(*found.values(), strict=True)
    return list(networks), np.array(values)


def correlation(
    scores: NDArray[np.float64], accuracies: NDArray[np.float64]
) -> tuple[float, tuple[float, float]]:
    """Return Kendall's tau-b and its bootstrap interval over networks."""
    ranks = rankdata(scores)
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(_RESAMPLES):
        rows = rng.integers(len(ranks), size=len(ranks))
        resampled.append(kendalltau(ranks[rows], accuracies[rows]).statistic)
    low, high = np.nanpercentile(resampled, _INTERVAL)
    return float(kendalltau(ranks, accuracies).statistic), (float(low), float(high))


def new_scorer(table: str, batch_size: int, seed: int) -> ProxyScorer:
    """Make what scores a table's networks on digits of the size that they were trained on."""
    shape = SHAPES[table]
    return ProxyScorer(
        resized(find_or_raise_dataset("digits").load().train, shape),
        shape,
        10,
        recipe=Recipe(batch_size=batch_size),
        seed=seed,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )


def resized(split: Split, shape: InputShape) -> Split:
    """Return grey images in another size, their one channel repeated."""
    channels, height, width = shape
    images = torch.from_numpy(split.images).float()
    if images.shape[-2:] != (height, width):
        images = torch.nn.functional.interpolate(
            images, (height, width), mode="bilinear", align_corners=False
        )
    repeated = images.expand(-1, channels, -1, -1).round().to(torch.uint8)
    return Split(repeated.contiguous().numpy(), split.labels)


if __name__ == "__main__":
    main()
