"""How well latencies are predicted from a table of operations, against networks that were run.

    python benchmarks/latency.py [--networks 30] [--device cpu|cuda] [--batch-size 1]
                                 [--threads 1] [--spaces cell,nasbench201] [--input 3x32x32]

For each space, architectures are drawn that had no part in the fit. Prints Spearman's rank
correlation between prediction and measured median, the median and the 90th percentile of the
relative error, that of the plain sum of operations without the fit, and that of the median
relative difference between two measurements of the same network, which no prediction can beat;
then what a prediction takes, how much of it the first one of a network adds to the table, and
what measuring takes instead.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from nas.database import open_database
from nas.database.latency import add_setup, find_fit, list_operations
from nas.latency import LatencyOptions
from nas.problem import SearchProblem
from search_spaces import InfeasibleArchitectureError, create_space
from search_spaces.base import InputShape
from workers.latency.prediction import LatencyPredictor
from workers.latency.probe import LocalProbe, trace_shapes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--device")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--spaces", default="cell,nasbench201")
    parser.add_argument("--input", default="3x32x32")
    arguments = parser.parse_args()
    channels, height, width = map(int, arguments.input.split("x"))
    options = LatencyOptions(batch_size=arguments.batch_size, threads=arguments.threads)
    for name in arguments.spaces.split(","):
        run(name, (channels, height, width), options, arguments.device, arguments.networks)


def run(
    name: str, shape: InputShape, options: LatencyOptions, device: str | None, count: int
) -> None:
    """Compare on one space and print."""
    problem = SearchProblem(create_space(name, {}, shape), shape, 10)
    probe = LocalProbe(shape, 10, options, device)
    with tempfile.TemporaryDirectory(prefix="nas-latency-") as directory:
        database = open_database(f"sqlite:///{Path(directory) / 'latency.db'}")
        started = time.perf_counter()
        predictor = LatencyPredictor(database, problem, probe)
        built = time.perf_counter() - started
        rng = np.random.default_rng(1)
        rows, seconds = [], {"first": 0.0, "again": 0.0, "measured": 0.0}
        before = _operations(database, probe)
        while len(rows) < count:
            architecture = problem.space.sample(rng).canonical()
            try:
                problem.analyze(architecture)
            except InfeasibleArchitectureError:
                continue
            predicted = _timed(seconds, "first", lambda a=architecture: predictor.predict(a))
            _timed(seconds, "again", lambda a=architecture: predictor.predict(a))
            measured = _timed(seconds, "measured", lambda a=architecture: probe.measure(a))
            again = probe.measure(architecture)
            table = _operations(database, probe)
            plain = sum(
                table[operation]
                for operation in trace_shapes(
                    architecture, shape, 10, options.batch_size
                ).operations
            )
            rows.append((predicted, measured.median_ms, again.median_ms, plain))
        with database.write() as session:
            setup = add_setup(session, probe.conditions().as_json())
            fit = find_fit(session, setup, f"{name} {'x'.join(map(str, shape))}")
        added = len(_operations(database, probe)) - len(before)
        database.close()
    predicted, measured, again, plain = np.array(rows).T
    error, plain_error = (np.abs(each - measured) / measured for each in (predicted, plain))
    print(f"{name} {shape}: {probe.conditions().as_json()}")
    print(
        f"  measured {measured.min():.2f} to {measured.max():.2f} ms   "
        f"Spearman {spearmanr(predicted, measured).statistic:.3f}   "
        f"median error {np.median(error):.1%}   90 % within {np.quantile(error, 0.9):.1%}"
    )
    print(
        f"  sum alone: Spearman {spearmanr(plain, measured).statistic:.3f}, median error "
        f"{np.median(plain_error):.1%}   measured twice: Spearman "
        f"{spearmanr(again, measured).statistic:.3f}, median difference "
        f"{np.median(np.abs(again - measured) / measured):.1%}"
    )
    print(f"  fit {fit}")
    print(
        f"  table and fit {built:.1f} s, {len(before)} operations; then {added} more; "
        f"a prediction {1000 * seconds['again'] / count:.0f} ms, the first of a network "
        f"{1000 * seconds['first'] / count:.0f} ms, a measurement "
        f"{1000 * seconds['measured'] / count:.0f} ms",
        flush=True,
    )


def _timed(seconds, part, call):  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    result = call()
    seconds[part] += time.perf_counter() - started
    return result


def _operations(database, probe):  # type: ignore[no-untyped-def]
    with database.write() as session:
        return list_operations(session, add_setup(session, probe.conditions().as_json()))


if __name__ == "__main__":
    main()
