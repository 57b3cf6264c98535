"""Schedulers against training in full: is the winner the same, and what share of epochs it takes.

    python benchmarks/multi_fidelity.py                     # replays curves-steady.csv.gz
    python benchmarks/multi_fidelity.py --pool hot          # and curves-hot.csv.gz
    python benchmarks/multi_fidelity.py --objective loss    # another objective decides
    python benchmarks/multi_fidelity.py --pool smooth --signal train_loss
    python benchmarks/multi_fidelity.py --ray 0             # and trains seed 0 anew under ASHA

The curves are those that `train_curves.py` trained in full, replayed as `replaying.py` says.
`--ray` shows that it is exact: the same job is trained through Ray Tune and must decide the same.

"Same" counts the seeds whose job names the very candidate that training in full names, "1 SE"
those whose accuracy lies at most a standard error below that of it, with the validation images
that there are, and "regret" is what the objective loses. A setting that is the best of the table
was chosen by the seeds that it is judged by; the last lines choose without them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import comb, sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from replaying import Candidate, Outcome, has_train_losses, load_pool, replay
from scipy.stats import kendalltau
from train_curves import POOLS, job_of

from nas.database import open_database
from nas.database.jobs import create_job
from nas.database.trials import list_trials
from nas.datasets import find_or_raise_dataset
from nas.ids import utc_now
from nas.objective import Objective
from nas.objective_request import objective_of
from nas.schedulers import SchedulerRequest, Signal
from nas.search import SearchLoop

MOST_EPOCHS = 1 / 3
"""The share of all epochs that a scheduler may take to be chosen."""

SETTINGS: Mapping[str, Mapping[str, Any] | None] = {
    "none": None,
    **{
        f"asha min_epochs={first} reduction_factor={factor}": {
            "name": "asha",
            "min_epochs": first,
            "reduction_factor": factor,
        }
        for first, factor in product((1, 2, 3, 4, 5, 6), (2, 3, 4, 6))
    },
    **{
        f"hyperband min_epochs={first}": {"name": "hyperband", "min_epochs": first}
        for first in (1, 2, 4)
    },
    **{
        f"median min_epochs={first}": {"name": "median", "min_epochs": first} for first in (1, 2, 4)
    },
    **{
        f"extrapolation min_epochs={first} probability={chance:g}": {
            "name": "extrapolation",
            "min_epochs": first,
            "probability": chance,
        }
        for first, chance in product((1, 2), (0.05, 0.2, 0.4))
    },
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scheduled job against the same job in full; `share` is of the epochs."""

    is_same: bool
    is_within_error: bool
    regret: float
    share: float


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pool", choices=POOLS, default="steady")
    parser.add_argument("--objective", default="accuracy", help="as a job has it")
    parser.add_argument(
        "--signal", type=Signal, choices=Signal, default=Signal.OBJECTIVE, help="of all schedulers"
    )
    parser.add_argument("--workers", type=int, default=1, help="trials at once in the replay")
    parser.add_argument("--ray", type=int, metavar="SEED", help="also train this seed through Ray")
    options = parser.parse_args()
    objective = objective_of(options.objective)
    pool = load_pool(options.pool)
    if options.signal is Signal.TRAIN_LOSS and not has_train_losses(pool):
        parser.error(f"the curves of pool {options.pool} were recorded without training losses")
    _print_pool(pool, objective)
    _print_foresight(pool, objective)
    verdicts = {
        name: [
            judge(
                candidates,
                objective,
                request and {**request, "signal": options.signal},
                seed,
                options.workers,
            )
            for seed, candidates in pool.items()
        ]
        for name, request in SETTINGS.items()
    }
    print(f"{'scheduler':<45} {'same':>6} {'1 SE':>6} {'regret':>8} {'epochs':>7}")
    for name, each in verdicts.items():
        print(f"{name:<45} {_written(each)}")
    _print_choice(list(pool), verdicts)
    if options.ray is not None:
        _compare_with_ray(options.pool, options.ray, pool[options.ray])


def judge(
    candidates: Sequence[Candidate],
    objective: Objective,
    request: Mapping[str, Any] | None,
    seed: int,
    workers: int = 1,
) -> Verdict:
    """Run a seed's job with a scheduler and compare it with training in full."""
    values = [candidate.values(objective) for candidate in candidates]
    whole, outcome = replay(values, None), _scheduled(candidates, objective, request, seed, workers)
    found, best = (
        candidates[number].reports[-1].metrics.accuracy for number in (outcome.winner, whole.winner)
    )
    images = find_or_raise_dataset("digits").info.validation_size
    return Verdict(
        outcome.winner == whole.winner,
        best - found <= sqrt(best * (1 - best) / images),
        values[whole.winner][-1] - values[outcome.winner][-1],
        outcome.epochs / whole.epochs,
    )


def _scheduled(
    candidates: Sequence[Candidate],
    objective: Objective,
    request: Mapping[str, Any] | None,
    seed: int,
    workers: int,
) -> Outcome:
    values = [candidate.values(objective) for candidate in candidates]
    if request is None:
        return replay(values, None, workers)
    asked = SchedulerRequest.model_validate(request)
    judged = [candidate.judged(objective, asked.signal) for candidate in candidates]
    return replay(values, asked.create(len(values[0]), seed), workers, judged)


def _written(verdicts: Sequence[Verdict]) -> str:
    same, close = (
        f"{sum(each)}/{len(verdicts)}"
        for each in (
            [verdict.is_same for verdict in verdicts],
            [verdict.is_within_error for verdict in verdicts],
        )
    )
    regret = fmean(verdict.regret for verdict in verdicts)
    share = fmean(verdict.share for verdict in verdicts)
    return f"{same:>6} {close:>6} {regret:>8.4f} {share:>7.1%}"


def _print_pool(pool: Mapping[int, Sequence[Candidate]], objective: Objective) -> None:
    """Say how good the candidates are, and how far the best stands out."""
    print(f"{len(pool)} seeds, objective {objective}; in full, the best and its lead:")
    regrets = []
    for seed, candidates in pool.items():
        finals = sorted((each.values(objective)[-1] for each in candidates), reverse=True)
        regrets.append(_regret_of_fewer(finals))
        print(f"  seed {seed}: {finals[0]:.4f}, by {finals[0] - finals[1]:.4f}")
    print(
        "for comparison, a third of the candidates trained in full, drawn at random: "
        f"regret {fmean(regrets):.4f} on average"
    )


def _regret_of_fewer(finals: Sequence[float]) -> float:
    """Return the expected regret of the same epochs spent on a third of the candidates.

    The best of a draw of `k` is the `i`-th best of all `n` with probability
    `C(n - i, k - 1) / C(n, k)`; `finals` are in falling order.
    """
    n, k = len(finals), round(len(finals) / 3)
    expected = sum(
        final * comb(n - rank, k - 1) / comb(n, k) for rank, final in enumerate(finals, 1)
    )
    return finals[0] - expected


def _print_foresight(pool: Mapping[int, Sequence[Candidate]], objective: Objective) -> None:
    """Say what early epochs tell: no scheduler can keep a winner that does not stand out yet.

    A winner is any candidate of the highest value in the end; its place after part of the
    epochs is that of the foremost of them.
    """
    early_values: dict[str, Callable[[Candidate], list[float]]] = {
        name: partial(Candidate.values, objective=objective_of(name))
        for name in (str(objective), "accuracy", "loss")
    }
    if has_train_losses(pool):
        early_values["training loss"] = partial(
            Candidate.judged, objective=objective, signal=Signal.TRAIN_LOSS
        )
    for share, (name, values) in product((9, 6, 3), early_values.items()):
        taus, ranks = [], []
        for candidates in pool.values():
            final = np.array([each.values(objective)[-1] for each in candidates])
            early = np.array([values(each)[len(each.reports) // share - 1] for each in candidates])
            taus.append(kendalltau(early, final).statistic)
            winners = np.flatnonzero(final == final.max())
            ranks.append(1 + min(int((early > early[winner]).sum()) for winner in winners))
        print(
            f"after 1/{share} of the epochs, by {name}: Kendall's tau with the end "
            f"{fmean(taus):.2f}, the winner is number {', '.join(map(str, ranks))} of {len(final)}"
        )


def _print_choice(seeds: Sequence[int], verdicts: Mapping[str, Sequence[Verdict]]) -> None:
    """Choose the setting for each seed by the others, and say what that comes to.

    Of those that take a third of the epochs at most on the others, the one that has most of
    their winners, then the least regret.
    """
    chosen = []
    for place, seed in enumerate(seeds):
        others = partial(_without, place)
        eligible = [
            name
            for name, each in verdicts.items()
            if fmean(verdict.share for verdict in others(each)) <= MOST_EPOCHS
        ]
        name = min(eligible, key=lambda name: _rank(others(verdicts[name])))
        chosen.append(verdicts[name][place])
        print(f"seed {seed}, chosen by the others: {name}")
    print(f"{'each seed with what the others choose':<45} {_written(chosen)}")


def _without(place: int, verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for number, verdict in enumerate(verdicts) if number != place]


def _rank(verdicts: Sequence[Verdict]) -> tuple[int, float]:
    return -sum(verdict.is_same for verdict in verdicts), fmean(each.regret for each in verdicts)


def _compare_with_ray(pool: str, seed: int, candidates: Sequence[Candidate]) -> None:
    """Train a seed's job under ASHA through Ray Tune and compare with the replay."""
    from workers.cluster import ensure_ray
    from workers.training.evaluator import TrainingEvaluator
    from workers.tuning import run_trials

    request = SETTINGS["asha min_epochs=2 reduction_factor=3"]
    spec = job_of(pool, seed, scheduler=request, resources={"max_concurrent_trials": 1})
    expected = _scheduled(candidates, spec.parsed_objective, request, seed, workers=1)
    ensure_ray(None)
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(f"sqlite:///{directory}/nas.db")
        with database.write() as session:
            job_id = create_job(session, spec, utc_now()).id
        loop = SearchLoop(database, job_id, data_fingerprint=pool, artifact_dir=Path(directory))
        evaluator = TrainingEvaluator(find_or_raise_dataset("digits").load())
        run_trials(loop, evaluator, spec.resources, lambda: False)
        with database.read() as session:
            trials = [(trial.status, trial.epochs_done) for trial in list_trials(session, job_id)]
        database.close()
    equal = sum(a == b for a, b in zip(expected.ends, trials, strict=True))
    print(
        f"through Ray, seed {seed}: {equal} of {len(trials)} trials end as replayed, "
        f"{sum(epochs for _, epochs in trials)} epochs (replay {expected.epochs})"
    )


if __name__ == "__main__":
    main()
