"""How fast a front and its hypervolume follow new trials, for 2, 3 and 4 objectives.

    python benchmarks/pareto.py [--trials 10000] [--hard]

The values resemble a search's: a candidate's objectives trade off against each other along a
curved front, and the more trials there are, the closer to it they come. `--hard` draws points on
a sphere instead, so that every single trial is on the front, the worst that can happen.

On one core, prints after 100, 1,000 and 10,000 trials: the size of the front; the milliseconds
that an insertion takes on average over the last tenth, and at most; and what Optuna takes to
compute the same hypervolume once, from the front alone, which a program that does not keep it
would have to do after every trial (`--hard`: given up where that takes too long).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from optuna._hypervolume import compute_hypervolume

from nas.pareto import ParetoFront

_LONGEST_FRONT = {2: 10_000, 3: 10_000, 4: 400}
"""Larger ones are not handed to Optuna."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--hard", action="store_true", help="every trial is on the front")
    arguments = parser.parse_args()
    print(
        f"{'objectives':>10}{'trials':>8}{'front':>7}{'ms/insert':>11}{'longest':>9}"
        f"{'optuna ms':>11}  hypervolume"
    )
    for dimensions in (2, 3, 4):
        run(dimensions, arguments.trials, is_hard=arguments.hard)


def run(dimensions: int, trials: int, *, is_hard: bool) -> None:
    """Insert `trials` points and print at each power of ten."""
    points = sphere(dimensions, trials) if is_hard else search_like(dimensions, trials)
    front: ParetoFront[int] = ParetoFront(np.zeros(dimensions), np.ones(dimensions))
    taken: list[float] = []
    for number, point in enumerate(map(tuple, points.tolist()), 1):
        started = time.perf_counter()
        front.add(number - 1, point)
        _ = front.hypervolume
        taken.append(1000 * (time.perf_counter() - started))
        if number in (100, 1000, 10_000, trials):
            latest = taken[-number // 10 :]
            again, checked = optuna_milliseconds(points[list(front)])
            print(
                f"{dimensions:>10}{number:>8}{len(front):>7}{np.mean(latest):>11.3f}"
                f"{max(latest):>9.2f}{again:>11.2f}  {front.hypervolume:.6f} {checked:.6f}",
                flush=True,
            )


def search_like(dimensions: int, trials: int) -> NDArray[np.float64]:
    """Draw points that come closer to a sphere's surface as the search goes on."""
    rng = np.random.default_rng(dimensions)
    progress = 1 - 0.5 / np.sqrt(1 + np.arange(trials) / 20)
    radius = progress * rng.beta(8, 1.5, trials)
    return sphere(dimensions, trials) * radius[:, None]


def sphere(dimensions: int, trials: int) -> NDArray[np.float64]:
    """Draw points on the positive part of the unit sphere."""
    normal = np.abs(np.random.default_rng(dimensions).standard_normal((trials, dimensions)))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def optuna_milliseconds(front: NDArray[np.float64]) -> tuple[float, float]:
    """Return what computing the front's hypervolume from scratch takes, and what it is."""
    dimensions = front.shape[1]
    if len(front) > _LONGEST_FRONT[dimensions]:
        return float("nan"), float("nan")
    started = time.perf_counter()
    volume = compute_hypervolume(-front, np.zeros(dimensions))
    return 1000 * (time.perf_counter() - started), float(volume)


if __name__ == "__main__":
    main()
