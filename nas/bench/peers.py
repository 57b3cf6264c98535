"""Other libraries' samplers, driven by themselves and not by our search loop."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

import optuna

from nas.bench.problem import TableProblem
from nas.bench.running import Run
from search_spaces import active_decisions
from search_spaces.decisions import Choice

_ASKS_PER_QUERY = 20
"""Proposals of rows known already cost no query; a peer that repeats itself ends here."""


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed)


def _gp(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.GPSampler(seed=seed)


def _random(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


PEERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = MappingProxyType(
    {"optuna-tpe": _tpe, "optuna-gp": _gp, "optuna-random": _random}
)
"""Peers by the name under which results are shown, with what makes their sampler."""


def run_peer(problem: TableProblem, name: str, seed: int, queries: int) -> Run:
    """Search the table with an Optuna sampler, its defaults, and Optuna's own study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    study = optuna.create_study(direction="maximize", sampler=PEERS[name](seed))
    table, optimum = problem.table, problem.table.optimum
    known: set[object] = set()
    regrets: list[float] = []
    asks, seconds, best = 0, 0.0, float("-inf")
    while len(regrets) < queries and best < optimum and asks < queries * _ASKS_PER_QUERY:
        started = time.perf_counter()
        trial = study.ask()
        chosen: dict[str, Choice] = {}
        for decision in active_decisions(problem.space.decisions, chosen):
            answer = trial.suggest_categorical(decision.name, decision.choices)
            chosen[decision.name] = cast(Choice, answer)
        seconds += time.perf_counter() - started
        asks += 1
        key = table.key(chosen)
        value = table.values.get(key)
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, value)
        if key not in known:
            known.add(key)
            best = max(best, value)
            regrets.append(optimum - best)
    found = len(regrets) if best >= optimum else None
    return Run(tuple(regrets), found, asks, seconds)
