"""What a trial costs beside its training: our whole path against plain Ray calls.

    python benchmarks/trial_overhead.py [--trials 200]

Prints, from one run on one machine: milliseconds per trial, fixed start-up taken off, of

- the whole path: sampler, search loop, database, Ray Tune, one report per trial;
- Ray Tune alone with the same actors;
- plain tasks and plain actor calls through `ray.remote`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nas.database import open_database
from nas.database.jobs import create_job
from nas.evaluation import EpochReport, Evaluator, Metrics, TrialTask
from nas.ids import utc_now
from nas.job import parse_job_spec
from nas.resources import Resources
from nas.search import SearchLoop
from nas.settings import load_settings
from workers.cluster import ensure_ray


class NoOpEvaluator(Evaluator):
    """Reports once, at once."""

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield the one report."""
        yield EpochReport(1, Metrics(accuracy=0.5, loss=1.0), train_loss=1.0, train_seconds=0.0)


def timestamps_of_whole_path(trials: int) -> list[float]:
    """Run a job of `trials` no-op trials; returns when each ended."""
    from workers.tuning import run_trials

    with tempfile.TemporaryDirectory() as directory:
        settings = load_settings(data_dir=Path(directory))
        database = open_database(settings.database_url)
        spec = parse_job_spec(
            {
                "space": "cell",
                "sampler": "random",
                "dataset": "digits",
                "trials": trials,
                "epochs": 1,
            }
        )
        with database.write() as session:
            job_id = create_job(session, spec, utc_now()).id
        loop = SearchLoop(
            database, job_id, data_fingerprint="none", artifact_dir=settings.artifact_dir
        )
        ends: list[float] = []
        loop.complete = _noting_time(loop.complete, ends)  # type: ignore[method-assign]
        run_trials(loop, NoOpEvaluator(), Resources(), lambda: False)
        database.close()
    return ends


def timestamps_of_tune_alone(trials: int) -> list[float]:
    """Run `trials` no-op trials through Tune with a list as searcher; returns when each ended."""
    from ray import tune
    from ray.tune.search import Searcher

    ends: list[float] = []

    class Counter(Searcher):
        """Suggests `trials` times and notes the ends."""

        def __init__(self) -> None:
            super().__init__()
            self.left = trials

        def suggest(self, trial_id: str) -> Any:
            if self.left == 0:
                return Searcher.FINISHED
            self.left -= 1
            return {"x": self.left}

        def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
            ends.append(time.perf_counter())

        def save(self, checkpoint_path: str) -> None: ...

        def restore(self, checkpoint_path: str) -> None: ...

    class NoOp(tune.Trainable):
        """Ends at its first step."""

        def setup(self, config: dict[str, Any]) -> None: ...

        def step(self) -> dict[str, Any]:
            return {"done": True}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

        def load_checkpoint(self, checkpoint: Any) -> None: ...

    with tempfile.TemporaryDirectory() as storage:
        tune.Tuner(
            tune.with_resources(NoOp, {"cpu": 1}),
            tune_config=tune.TuneConfig(search_alg=Counter(), num_samples=-1, reuse_actors=True),
            run_config=tune.RunConfig(storage_path=storage, verbose=0),
        ).fit()
    return ends


def milliseconds_of_plain_calls(calls: int) -> tuple[float, float]:
    """Return milliseconds per plain task and per call of two plain actors."""
    import ray

    @ray.remote
    def task() -> int:
        return 1

    @ray.remote
    class Actor:
        def call(self) -> int:
            return 1

    actors = [Actor.remote() for _ in range(2)]  # type: ignore[attr-defined]
    ray.get([task.remote() for _ in range(100)] + [a.call.remote() for a in actors])
    return (
        _milliseconds(calls, lambda: ray.get([task.remote() for _ in range(calls)])),
        _milliseconds(calls, lambda: ray.get([actors[i % 2].call.remote() for i in range(calls)])),
    )


def _milliseconds(calls: int, run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) / calls * 1e3


def _noting_time(call: Callable[[str], None], ends: list[float]) -> Callable[[str], None]:
    def noted(trial_id: str) -> None:
        call(trial_id)
        ends.append(time.perf_counter())

    return noted


def _warm_milliseconds(ends: list[float]) -> float:
    """Return milliseconds per trial between the 10th and the last end."""
    skipped = min(10, len(ends) // 2)
    warm = ends[skipped:]
    return (warm[-1] - warm[0]) / (len(warm) - 1) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    started = time.perf_counter()
    ensure_ray(None)
    print(f"ray.init                  {time.perf_counter() - started:8.2f} s")
    whole = _warm_milliseconds(timestamps_of_whole_path(trials))
    alone = _warm_milliseconds(timestamps_of_tune_alone(trials))
    task, call = milliseconds_of_plain_calls(2000)
    print(f"{trials} trials on {os.cpu_count()} cores, once warm      ms/trial   trials/s")
    for name, value in (
        ("whole path with Tune and database", whole),
        ("Ray Tune alone, reused actors", alone),
        ("plain ray.remote task", task),
        ("plain call of an actor", call),
    ):
        print(f"{name:38s} {value:10.2f} {1e3 / value:10.1f}")
    print(f"our share of the whole path: {whole - alone:.2f} ms per trial")


if __name__ == "__main__":
    main()
