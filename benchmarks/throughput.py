"""Trials per second through the whole path, beside other ways to run the same no-op.

    python benchmarks/throughput.py [--trials 100,1000,10000] [--peer-trials 100] [--syne-trials 20]

The path: sampler `random` over four layers of `chain`, search loop, SQLite, Ray Tune with two
actors, and a dashboard's view of the job asked from the REST API once a second meanwhile. (To
analyse a candidate takes the longer the more layers it has, 2 ms for these and 50 ms for a `cell`
of 4 blocks: part of the path, but not of what is asked here.) Each count is a job of its own in a
process of its own. Prints trials per second, the time and CPU time per trial within the first and
the last tenth, and the memory (RSS) of the driving process after each of these; then the same of
Ray Tune with OptunaSearch, with reused actors, and of Syne Tune's local backend where installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from nas.evaluation import EpochReport, Evaluator, Metrics, TrialTask

WORKERS = 2
QUESTIONS = {f"d{number}": (0, 1, 2, 3, 4) for number in range(8)}
"""What OptunaSearch and Syne Tune are asked."""


class NoOpEvaluator(Evaluator):
    """Reports once, at once."""

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield the one report."""
        yield EpochReport(1, Metrics(accuracy=0.5, loss=1.0), train_loss=1.0, train_seconds=0.0)


class Ends:
    """When trials ended, and how much memory there was in use after the first and last tenth."""

    def __init__(self, trials: int) -> None:
        self._trials = trials
        self._times: list[float] = []
        self._cpu: list[float] = []
        self._rss: list[int] = []

    def note(self) -> None:
        """Take note of an end."""
        self._times.append(time.perf_counter())
        self._cpu.append(time.process_time())
        if len(self._times) in (self._trials // 10, self._trials):
            self._rss.append(psutil.Process().memory_info().rss)

    def figures(self) -> dict[str, float]:
        """Return the figures that are printed; start-up, before the third end, is left out."""
        tenth = max(len(self._times) // 10, 5)
        return {
            "trials": len(self._times),
            "per_second": (len(self._times) - 3) / (self._times[-1] - self._times[2]),
            "first_ms": _mean_ms(self._times[2 : 3 + tenth]),
            "last_ms": _mean_ms(self._times[-tenth - 1 :]),
            "cpu_first_ms": _mean_ms(self._cpu[2 : 3 + tenth]),
            "cpu_last_ms": _mean_ms(self._cpu[-tenth - 1 :]),
            "first_mb": self._rss[0] / 1e6,
            "last_mb": self._rss[-1] / 1e6,
        }


def run_whole_path(trials: int) -> dict[str, float]:
    """Run a job of no-op trials with everything around it."""
    from api.app import create_app
    from nas.database import open_database
    from nas.database.jobs import create_job
    from nas.ids import utc_now
    from nas.job import parse_job_spec
    from nas.resources import Resources
    from nas.search import SearchLoop
    from nas.settings import load_settings
    from workers.cluster import ensure_ray, list_nodes
    from workers.placement import Placement, places_on_cluster
    from workers.tuning import run_trials

    ends = Ends(trials)

    class TimedLoop(SearchLoop):
        def report_last(self, *given: Any) -> None:
            super().report_last(*given)
            ends.note()

    _start_ray(ensure_ray)
    with tempfile.TemporaryDirectory() as directory:
        settings = load_settings(data_dir=Path(directory))
        database = open_database(settings.database_url)
        spec = parse_job_spec(
            {
                "space": "chain",
                "space_options": {"layers": 4},
                "sampler": "random",
                "dataset": "digits",
                "trials": trials,
                "epochs": 1,
            }
        )
        with database.write() as session:
            job_id = create_job(session, spec, utc_now()).id
        loop = TimedLoop(
            database, job_id, data_fingerprint="none", artifact_dir=settings.artifact_dir
        )
        viewer = Viewer(create_app(database, settings), job_id)
        viewer.start()
        slots = partial(places_on_cluster, Placement(Resources(), tuple(list_nodes())))
        run_trials(loop, NoOpEvaluator(), Resources(), lambda: False, places=slots)
        completed = viewer.finish()
        database.close()
    if completed != trials:
        raise RuntimeError(f"the API shows {completed} completed trials, not {trials}")
    return {**ends.figures(), "views": viewer.views}


class Viewer(threading.Thread):
    """Looks at a job through the REST API once a second."""

    def __init__(self, app: Any, job_id: str) -> None:
        super().__init__(daemon=True)
        from fastapi.testclient import TestClient

        self._client = TestClient(app)
        self._path = f"/api/v1/jobs/{job_id}"
        self._over = threading.Event()
        self.views = 0

    def run(self) -> None:
        """Look until told that it is over."""
        while not self._over.wait(1):
            for path in (self._path, f"{self._path}/trials?limit=50", f"{self._path}/best"):
                self._client.get(path)
            self.views += 1

    def finish(self) -> int:
        """Stop looking, and return how many completed trials the API shows."""
        self._over.set()
        self.join()
        counts = self._client.get(self._path).json()["trials_by_status"]
        return int(counts["completed"])


def run_optuna_search(trials: int) -> dict[str, float]:
    """Run Ray Tune with OptunaSearch, its sampler as it comes (TPE)."""
    import optuna
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    from workers.cluster import ensure_ray

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ends = Ends(trials)

    class Timed(OptunaSearch):
        def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
            super().on_trial_complete(trial_id, result, error)
            ends.note()

    class NoOp(tune.Trainable):
        """Ends at its first step."""

        def setup(self, config: dict[str, Any]) -> None: ...

        def step(self) -> dict[str, Any]:
            return {"accuracy": 0.5, "done": True}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

        def load_checkpoint(self, checkpoint: Any) -> None: ...

    _start_ray(ensure_ray)
    with tempfile.TemporaryDirectory() as storage:
        tune.Tuner(
            tune.with_resources(NoOp, {"cpu": 1}),
            param_space={name: tune.choice(choices) for name, choices in QUESTIONS.items()},
            tune_config=tune.TuneConfig(
                search_alg=Timed(metric="accuracy", mode="max"),
                num_samples=trials,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(storage_path=storage, verbose=0),
        ).fit()
    return ends.figures()


def run_syne_tune(trials: int) -> dict[str, float]:
    """Run Syne Tune's local backend with random search: a process for each trial."""
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import LocalBackend
    from syne_tune.config_space import choice
    from syne_tune.optimizer.baselines import RandomSearch

    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "no_op.py"
        arguments = "".join(f"parser.add_argument('--{name}')\n" for name in QUESTIONS)
        script.write_text(
            "import argparse\nfrom syne_tune import Reporter\nparser = argparse.ArgumentParser()\n"
            f"{arguments}parser.parse_args()\nReporter()(accuracy=0.5, epoch=1)\n"
        )
        space = {name: choice(list(choices)) for name, choices in QUESTIONS.items()}
        os.environ["SYNETUNE_FOLDER"] = directory
        started = time.perf_counter()
        Tuner(
            trial_backend=LocalBackend(entry_point=str(script)),
            scheduler=RandomSearch(space, metrics=["accuracy"], do_minimize=False),
            stop_criterion=StoppingCriterion(max_num_trials_finished=trials),
            n_workers=WORKERS,
            sleep_time=0.01,
            print_update_interval=1e9,
        ).run()
        seconds = time.perf_counter() - started
    return {"trials": trials, "per_second": trials / seconds}


def _start_ray(ensure_ray: Any) -> None:
    """Start Ray with as many cores as there are to be workers."""
    import ray

    ray.init(
        address="local",  # and not one that happens to run here
        num_cpus=WORKERS,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    ensure_ray(None)


def _mean_ms(times: list[float]) -> float:
    return (times[-1] - times[0]) / (len(times) - 1) * 1e3


WAYS = {
    "whole": ("sampler, Ray Tune, database, API", run_whole_path),
    "optuna": ("Ray Tune with OptunaSearch", run_optuna_search),
    "syne": ("Syne Tune's local backend", run_syne_tune),
}


def main() -> None:
    """Measure each in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", default="100,1000,10000", help="of the whole path")
    parser.add_argument("--peer-trials", default="100,1000", help="of OptunaSearch; '' for none")
    parser.add_argument("--syne-trials", default="20", help="of Syne Tune; '' for none")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        way, trials = given.one
        print(json.dumps(WAYS[way][1](int(trials))))
        return
    print(f"{'no-op trials, two workers':34s} trials  per s   ms first/last  CPU first/last   MB")
    asked = {"whole": given.trials, "optuna": given.peer_trials, "syne": given.syne_trials}
    for way, counts in asked.items():
        for trials in filter(None, counts.split(",")):
            _print(WAYS[way][0], _measure(way, trials))


def _measure(way: str, trials: str) -> dict[str, float] | str:
    command = [sys.executable, __file__, "--one", way, trials]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _print(name: str, found: dict[str, float] | str) -> None:
    if isinstance(found, str):
        print(f"{name:34s} not run: {found}")
        return
    line = f"{name:34s} {found['trials']:6.0f} {found['per_second']:6.1f}"
    if "first_ms" in found:
        line += (
            f"   {found['first_ms']:5.1f} / {found['last_ms']:5.1f}  "
            f"{found['cpu_first_ms']:5.1f} / {found['cpu_last_ms']:5.1f}  "
            f"{found['first_mb']:4.0f} / {found['last_mb']:4.0f}"
        )
    print(line, flush=True)


if __name__ == "__main__":
    main()
