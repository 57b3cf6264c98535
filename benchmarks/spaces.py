"""How fast a search can propose, build and analyse candidates, space by space.

    python benchmarks/spaces.py [--seconds 1]

On one core, prints for each space:

- architectures/s drawn, brought to canonical form and hashed;
- milliseconds to build and to analyse a candidate of about a million parameters, the median
  over several; `params` is the median of their sizes.

Candidates are made that large by the number of filters of the space's network, which is doubled
or halved until they are.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from search_spaces import Architecture, InfeasibleArchitectureError, build, create_space, spaces
from search_spaces.analysis import analyze
from search_spaces.registry import AnySpace

_SHAPE, _CLASSES = (3, 32, 32), 10
_WANTED_PARAMS = 1_000_000
_CANDIDATES = 9
_WIDEST = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=1.0, help="time to draw, per space")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'space':<14}{'hashed/s':>10}{'params':>12}{'build ms':>10}{'analyse ms':>12}")
    for name in sorted(spaces()):
        rate = hashed_per_second(create_space(name), arguments.seconds)
        candidates = candidates_of_about_a_million(name)
        params = statistics.median(size for _, size in candidates)
        built, analysed = (
            statistics.median(milliseconds(action, architecture) for architecture, _ in candidates)
            for action in (build, analyze)
        )
        print(f"{name:<14}{rate:>10,.0f}{params:>12,.0f}{built:>10.1f}{analysed:>12.1f}")


def hashed_per_second(space: AnySpace, seconds: float) -> float:
    """Draw architectures for a while and take each one's content hash."""
    rng = np.random.default_rng(0)
    space.sample(rng).content_hash  # noqa: B018  fills what is cached once per process
    started, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds:
        space.sample(rng).content_hash  # noqa: B018
        count += 1
    return count / passed


def candidates_of_about_a_million(name: str) -> list[tuple[Architecture, int]]:
    """Return candidates and sizes of the width whose median size is nearest a million."""
    found = []
    filters = 8
    while filters <= _WIDEST:
        space = create_space(name, options_of_width(name, filters), _SHAPE)
        rng = np.random.default_rng(0)
        sized: list[tuple[Architecture, int]] = []
        while len(sized) < _CANDIDATES:
            architecture = space.sample(rng)
            # Some of a wide space need larger images than these.
            with suppress(InfeasibleArchitectureError):
                sized.append((architecture, analyze(architecture, _SHAPE, _CLASSES).params))
        found.append(sized)
        if statistics.median(size for _, size in sized) > _WANTED_PARAMS:
            break
        filters *= 2
    return min(found, key=lambda s: abs(np.log(np.median([n for _, n in s]) / _WANTED_PARAMS)))


def options_of_width(name: str, filters: int) -> dict[str, Any]:
    """Return options that give a space's network `filters` channels, where it has such options."""
    fields = spaces()[name].options_type.model_fields
    if "filters" not in fields:
        return {}
    listed = isinstance(fields["filters"].default, tuple)
    return {"filters": [filters] if listed else filters}


def milliseconds(action: Callable[..., object], architecture: Architecture) -> float:
    """Return how long `action` takes, the first run left out."""
    action(architecture, _SHAPE, _CLASSES)
    started = time.perf_counter()
    action(architecture, _SHAPE, _CLASSES)
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
