"""Compound scaling against depth, width and resolution alone, at equal MACs, on digits.

    python benchmarks/scaling.py [--seeds 3] [--grid-seeds 3] [--phi 2] [--epochs 12]

1. A winner: the most accurate on validation images of 4 small networks drawn at random from the
   space of stages.
2. With each seed the winner itself, its compound network by the paper's coefficients, and the three
   single-axis networks of equal MACs.
3. The grid of coefficients, phi being 1, each network trained with so many seeds; the best mean
   validation accuracy decides, and the compound network of these is trained as the others were.

Prints each training as it ends, and at last a table of validation and test accuracies, mean and
standard deviation over the seeds, which `benchmarks/results/scaling.md` keeps. One thread; widths
are rounded to whole numbers (divisor 1), since the networks have few channels. Epochs and recipe
are the same for all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping
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


def main() -> None:
    """Find a winner, compare its scaled versions, then find coefficients of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--grid-seeds", type=int, default=3)
    parser.add_argument("--phi", type=float, default=2.0)
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = find_or_raise_dataset("digits")
    trainer = Trainer(held_in_memory(dataset.load(), "scaling"), dataset.info, arguments.epochs)
    base = find_winner(trainer, dataset.info)
    seeds = range(101, 101 + arguments.seeds)
    family = family_of(base, FamilyRequest(phis=(arguments.phi,)), PAPER)
    compared = {
        "unscaled": family.base,
        "compound, paper's coefficients": family.members[0],
        **{f"{axis} only": members[0] for axis, members in family.comparisons.items()},
    }
    results = train_all(trainer, compared, seeds)
    found = find_coefficients(trainer, base, range(1, arguments.grid_seeds + 1))
    name = f"compound, the grid's {found.alpha:g}, {found.beta:g}, {found.gamma:g}"
    own = FamilyRequest(phis=(arguments.phi,), compare=False)
    compared[name] = family_of(base, own, found).members[0]
    results |= train_all(trainer, {name: compared[name]}, seeds)
    print_table(compared, results)
    print(f"\n{trainer.seconds:.0f} s of CPU time in all trainings, {arguments.epochs} epochs each")


def train_all(
    trainer: Trainer, networks: Mapping[str, Member], seeds: Iterable[int]
) -> dict[str, list[Result]]:
    """Train every network with one seed, then with the next; those that cannot be have none."""
    results: dict[str, list[Result]] = {name: [] for name in networks}
    for seed in seeds:
        for name, member in networks.items():
            if member.architecture is not None:
                result = trainer.train(member.architecture, seed)
                results[name].append(result)
                print(
                    f"seed {seed}, {name}: validation {result.validation:.2%}, "
                    f"test {result.test:.2%}",
                    flush=True,
                )
    return results


def print_table(networks: Mapping[str, Member], results: Mapping[str, list[Result]]) -> None:
    """Print a line for each network."""
    print("\n| network | width, depth, resolution | parameters | MACs | validation | test |")
    print("|---|---|---|---|---|---|")
    for name, member in networks.items():
        if member.figures is None:
            print(f"| {name} | | | | {member.error} | |")
            continue
        scaled, found = member.multipliers, results[name]
        print(
            f"| {name} | {scaled.width:.3g}, {scaled.depth:.3g}, {scaled.resolution} "
            f"| {member.figures['params']:,.0f} | {member.figures['macs']:,.0f} "
            f"| {spread([r.validation for r in found])} | {spread([r.test for r in found])} |"
        )


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
        found = [trainer.train(member.architecture, seed).validation for seed in seeds]
        ranked.append((float(np.mean(found)), coefficients))
        print(
            f"| {coefficients.alpha:g}, {coefficients.beta:g}, {coefficients.gamma:g} "
            f"| {member.figures['params']:,.0f} | {member.figures['macs']:,.0f} "
            f"| {spread(found)} |",
            flush=True,
        )
    return max(ranked, key=lambda pair: pair[0])[1]


def spread(shares: list[float]) -> str:
    """Write mean and standard deviation in percent."""
    deviation = np.std(shares, ddof=1) if len(shares) > 1 else 0.0
    return f"{100 * np.mean(shares):.2f} ± {100 * deviation:.2f} %"


if __name__ == "__main__":
    main()
