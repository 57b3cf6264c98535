"""Other libraries' samplers, driven by themselves and not by our search loop."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import optuna

from nas.bench.problem import TableProblem
from nas.bench.running import Regret, Run
from nas.samplers.suggesting import suggest_answers

_ASKS_PER_QUERY = 20
"""Proposals of rows known already cost no query; a peer that repeats itself ends here."""


PEERS: Mapping[str, Callable[..., optuna.samplers.BaseSampler]] = MappingProxyType(
    {
        "optuna-tpe": optuna.samplers.TPESampler,
        "optuna-gp": optuna.samplers.GPSampler,
        "optuna-random": optuna.samplers.RandomSampler,
    }
)
"""Peers by the name under which results are shown, with their samplers; each takes a `seed`."""


def run_peer(problem: TableProblem, name: str, seed: int, queries: int) -> Run:
    """Search the table with an Optuna sampler, its defaults, and Optuna's own study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    study = optuna.create_study(direction="maximize", sampler=PEERS[name](seed=seed))
    table, regret = problem.table, Regret(problem.table.optimum, queries)
    known: set[object] = set()
    asks, seconds = 0, 0.0
    while not regret.is_over and asks < queries * _ASKS_PER_QUERY:
        started = time.perf_counter()
        trial = study.ask()
        key = table.key(suggest_answers(trial, problem.space.decisions))
        seconds += time.perf_counter() - started
        asks += 1
        value = table.values.get(key)
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, value)
        if key not in known:
            known.add(key)
            regret.add(value)
    return regret.run(asks, seconds)
