"""Optuna's samplers: Akiba et al., KDD 2019, https://arxiv.org/abs/1907.10902."""

from __future__ import annotations

import warnings
from abc import abstractmethod

import optuna
from optuna.samplers import BaseSampler

from nas.bench.peers.base import Peer
from nas.samplers.suggesting import suggest_answers
from search_spaces import Choice, Choices, Decision, active_decisions


class OptunaPeer(Peer):
    """A study of Optuna's own; each decision is a categorical parameter."""

    def __init__(self, decisions: tuple[Decision, ...], seed: int) -> None:
        super().__init__(decisions, seed)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._study = optuna.create_study(direction="maximize", sampler=self.new_sampler())
        self._trial: optuna.Trial | None = None

    @abstractmethod
    def new_sampler(self) -> BaseSampler:
        """Make the sampler that proposes."""

    def ask(self) -> Choices:
        """Begin a trial and let it answer."""
        self._trial = self._study.ask()
        return self.answer(self._trial)

    def answer(self, trial: optuna.Trial) -> Choices:
        """Let a trial answer."""
        return suggest_answers(trial, self.decisions)

    def tell(self, value: float | None) -> None:
        """End the trial."""
        if self._trial is None:
            raise RuntimeError("tell comes after ask")
        state = optuna.trial.TrialState.FAIL if value is None else None
        self._study.tell(self._trial, value, state=state)


class TPEPeer(OptunaPeer):
    """`TPESampler`."""

    def new_sampler(self) -> BaseSampler:
        """Make the sampler that proposes."""
        return optuna.samplers.TPESampler(seed=self.seed)


class GPPeer(OptunaPeer):
    """`GPSampler`."""

    def new_sampler(self) -> BaseSampler:
        """Make the sampler that proposes."""
        return optuna.samplers.GPSampler(seed=self.seed)


class RandomPeer(OptunaPeer):
    """`RandomSampler`."""

    def new_sampler(self) -> BaseSampler:
        """Make the sampler that proposes."""
        return optuna.samplers.RandomSampler(seed=self.seed)


class CmaEsPeer(OptunaPeer):
    """`CmaEsSampler`, which knows numbers only: each decision is the number of its choice."""

    def new_sampler(self) -> BaseSampler:
        """Make the sampler that proposes."""
        return optuna.samplers.CmaEsSampler(seed=self.seed, warn_independent_sampling=False)

    def answer(self, trial: optuna.Trial) -> Choices:
        """Let a trial answer."""
        chosen: dict[str, Choice] = {}
        for decision in active_decisions(self.decisions, chosen):
            number = trial.suggest_int(decision.name, 0, len(decision.choices) - 1)
            chosen[decision.name] = decision.choices[number]
        return chosen
