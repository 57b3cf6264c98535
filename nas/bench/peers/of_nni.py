"""NNI's tuners: Microsoft, Neural Network Intelligence 3.0, https://github.com/microsoft/nni."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any

import nni
import numpy as np
from nni.algorithms.hpo.evolution_tuner import EvolutionTuner
from nni.algorithms.hpo.regularized_evolution_tuner import RegularizedEvolutionTuner
from nni.algorithms.hpo.tpe_tuner import TpeTuner

from nas.bench.peers.base import Peer, SearchOverError, arising
from search_spaces import Choices, Decision


class NNIPeer(Peer):
    """A tuner called as NNI's dispatcher calls it; it answers every decision."""

    kind = "choice"

    def __init__(self, decisions: tuple[Decision, ...], seed: int) -> None:
        super().__init__(decisions, seed)
        logging.getLogger("nni").setLevel(logging.ERROR)
        self._tuner = self.new_tuner()
        self._tuner.update_search_space(
            {
                decision.name: {"_type": self.kind, "_value": list(decision.choices)}
                for decision in decisions
            }
        )
        self._number = -1
        self._parameters: Any = None

    @abstractmethod
    def new_tuner(self) -> Any:
        """Make the tuner that proposes."""

    def ask(self) -> Choices:
        """Ask the tuner."""
        self._number += 1
        try:
            self._parameters = self._tuner.generate_parameters(self._number)
        except nni.NoMoreTrialError as error:
            raise SearchOverError from error
        return arising(self.decisions, self.read(self._parameters))

    def read(self, parameters: Any) -> dict[str, Any]:
        """Return the answers in a tuner's parameters."""
        answers: dict[str, Any] = parameters
        return answers

    def tell(self, value: float | None) -> None:
        """Tell the tuner the result, then that the trial has ended."""
        if value is not None:
            self._tuner.receive_trial_result(self._number, self._parameters, value)
        self._tuner.trial_end(self._number, value is not None)


class TPEPeer(NNIPeer):
    """Tree-structured Parzen estimator."""

    def new_tuner(self) -> Any:
        """Make the tuner that proposes."""
        return TpeTuner(optimize_mode="maximize", seed=self.seed)


class EvolutionPeer(NNIPeer):
    """Naive evolution (Real et al. 2017)."""

    def new_tuner(self) -> Any:
        """Make the tuner that proposes; it takes no seed."""
        tuner = EvolutionTuner(optimize_mode="maximize")
        tuner.random_state = np.random.RandomState(self.seed)
        return tuner


class RegularizedEvolutionPeer(NNIPeer):
    """Regularised evolution over layer choices."""

    kind = "layer_choice"

    def new_tuner(self) -> Any:
        """Make the tuner that proposes."""
        return RegularizedEvolutionTuner(optimize_mode="maximize")

    def read(self, parameters: Any) -> dict[str, Any]:
        """Return the answers in the tuner's parameters."""
        return {name: answer["_value"] for name, answer in parameters.items()}
