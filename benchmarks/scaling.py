"""Compound scaling against depth, width and resolution alone, at equal MACs, on digits.

    python benchmarks/scaling.py [--seeds 3] [--grid-seeds 3] [--phis 2] [--epochs 12]

1. A winner: the most accurate on validation images of 4 small networks drawn at random from the
   space of stages.
2. The grid of coefficients, phi being 1, each network trained with so many seeds; the best
   mean validation accuracy decides.
3. For each phi the compound network, with the coefficients found and with the paper's, and the
   three single-axis ones of equal MACs, each trained with every seed, other seeds than before.

Prints validation and test accuracies, mean and standard deviation over the seeds, as a table that
`benchmarks/results/scaling.md` keeps. One thread; widths are rounded to whole numbers (divisor 1),
since the networks have few channels. Epochs and recipe are the same for all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from nas.datasets import find_or_raise_dataset, held_in_memory
from nas.datasets.base import DatasetInfo, ImageData
from nas.recipe import Recipe
from nas.samplers.base import generator
from nas.scaling.coefficients import PAPER, Coefficients, Grid
from nas.scaling.family import Member, family_of, grid_members
from nas.scaling.network import BaseNetwork
from nas.scaling.request import FamilyRequest
from search_spaces import Architecture, create_space
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

DRAWN = 4
LARGEST_DRAWN = 60_000
"""MACs of the networks drawn, at most, so that one four times as large trains in seconds."""

SPACE_OPTIONS = {
    "min_stages": 2,
    "max_stages": 3,
    "families": ["basic", "mbconv"],
    "widths": [4, 6, 8],
    "depths": [2, 3],
    "se_reductions": [0],
    "features": [0],
    "drop_paths": [0.0],
    "dropouts": [0.0],
}
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Result:
    """Accuracies of one training."""

    validation: float
    test: float


class Trainer:
    """Trains architectures on one data set, each with the same recipe."""

    def __init__(self, data: ImageData, info: DatasetInfo, epochs: int) -> None:
        self._info, self._epochs = info, epochs
        splits = (data.train, data.validation, data.test)
        self._train, self._validation, self._test = (DeviceImages(s, CPU) for s in splits)
        self.seconds = 0.0

    def train(self, architecture: Architecture, seed: int) -> Result:
        """Train from scratch, and measure at the end."""
        started = time.process_time()
        training = CandidateTraining(
            architecture,
            self._info.input_shape,
            self._info.num_classes,
            images=self._train,
            recipe=Recipe(),
            epochs=self._epochs,
            seed=seed,
            device=CPU,
        )
        for _ in range(self._epochs):
            training.run_epoch()
        validation = training.evaluate(self._validation).accuracy
        test = training.evaluate(self._test).accuracy
        self.seconds += time.process_time() - started
        return Result(validation, test)

    def train_all(self, architecture: Architecture, seeds: Iterable[int]) -> list[Result]:
        """Train once with each seed."""
        return [self.train(architecture, seed) for seed in seeds]


def main() -> None:
    """Find a winner, its coefficients, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--grid-seeds", type=int, default=3)
    parser.add_argument("--phis", default="2")
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = find_or_raise_dataset("digits")
    trainer = Trainer(held_in_memory(dataset.load(), "scaling"), dataset.info, arguments.epochs)
    base = find_winner(trainer, dataset.info)
    coefficients = find_coefficients(trainer, base, range(1, arguments.grid_seeds + 1))
    phis = tuple(float(phi) for phi in arguments.phis.split(","))
    seeds = range(101, 101 + arguments.seeds)
    print("\n| network | width, depth, resolution | parameters | MACs | validation | test |")
    print("|---|---|---|---|---|---|")
    for name, member in networks(base, coefficients, phis):
        report(name, member, trainer, seeds)
    print(f"\n{trainer.seconds:.0f} s of CPU time in all trainings, {arguments.epochs} epochs each")


def find_winner(trainer: Trainer, info: DatasetInfo) -> BaseNetwork:
    """Return the best of some networks drawn at random."""
    space = create_space("stages", SPACE_OPTIONS, info.input_shape)
    ranked: list[tuple[float, BaseNetwork]] = []
    number = 0
    while len(ranked) < DRAWN:
        architecture = space.sample(generator(0, number)).canonical()
        base = BaseNetwork(architecture, info.input_shape, info.num_classes, divisor=1)
        number += 1
        if base.figures["macs"] <= LARGEST_DRAWN:
            ranked.append((trainer.train(architecture, 0).validation, base))
    accuracy, winner = max(ranked, key=lambda pair: pair[0])
    print(
        f"winner of {DRAWN} random networks: validation {accuracy:.2%}, "
        f"{winner.figures['params']:,.0f} parameters, {winner.figures['macs']:,.0f} MACs",
        flush=True,
    )
    return winner


def find_coefficients(trainer: Trainer, base: BaseNetwork, seeds: Iterable[int]) -> Coefficients:
    """Return the coefficients of the grid with the best mean validation accuracy at phi 1."""
    print("\n| alpha, beta, gamma | parameters | MACs | validation |\n|---|---|---|---|")
    ranked: list[tuple[float, Coefficients]] = []
    for coefficients, member in grid_members(base, Grid()):
        if member.architecture is None or member.figures is None:
            continue
        found = [result.validation for result in trainer.train_all(member.architecture, seeds)]
        ranked.append((float(np.mean(found)), coefficients))
        print(
            f"| {coefficients.alpha:g}, {coefficients.beta:g}, {coefficients.gamma:g} "
            f"| {member.figures['params']:,.0f} | {member.figures['macs']:,.0f} "
            f"| {spread(found)} |",
            flush=True,
        )
    return max(ranked, key=lambda pair: pair[0])[1]


def networks(
    base: BaseNetwork, coefficients: Coefficients, phis: tuple[float, ...]
) -> Iterable[tuple[str, Member]]:
    """Yield what is compared, by name: the base, then for each phi all of about equal MACs."""
    found = family_of(base, FamilyRequest(phis=phis), coefficients)
    paper = family_of(base, FamilyRequest(phis=phis, compare=False), PAPER)
    yield "unscaled", found.base
    c = coefficients
    for number, phi in enumerate(phis):
        yield f"phi {phi:g}, grid's {c.alpha:g}, {c.beta:g}, {c.gamma:g}", found.members[number]
        yield f"phi {phi:g}, paper's coefficients", paper.members[number]
        for axis, members in found.comparisons.items():
            yield f"phi {phi:g}, {axis} only", members[number]


def report(name: str, member: Member, trainer: Trainer, seeds: Iterable[int]) -> None:
    """Train a network with all seeds and print its line of the table."""
    if member.architecture is None or member.figures is None:
        print(f"| {name} | | | | {member.error} | |", flush=True)
        return
    results = trainer.train_all(member.architecture, seeds)
    scaled = member.multipliers
    print(
        f"| {name} | {scaled.width:.3g}, {scaled.depth:.3g}, {scaled.resolution} "
        f"| {member.figures['params']:,.0f} | {member.figures['macs']:,.0f} "
        f"| {spread([r.validation for r in results])} | {spread([r.test for r in results])} |",
        flush=True,
    )


def spread(shares: list[float]) -> str:
    """Write mean and standard deviation in percent."""
    deviation = np.std(shares, ddof=1) if len(shares) > 1 else 0.0
    return f"{100 * np.mean(shares):.2f} ± {100 * deviation:.2f} %"


if __name__ == "__main__":
    main()
