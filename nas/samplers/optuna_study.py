"""What samplers through Optuna share: a study that can be rebuilt from what was told.

Akiba, Sano, Yanase, Ohta, Koyama: Optuna, KDD 2019, https://arxiv.org/abs/1907.10902
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import ClassVar

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Proposal, generator
from nas.samplers.suggesting import suggest_all_answers, suggest_answers
from search_spaces import Choice


class OptunaSampler(MultiObjectiveSampler):
    """Proposes what an Optuna sampler suggests for a study of the results told so far.

    Optuna's samplers look at the study's trials in their order, and at figures that were attached
    to them when they were asked for. A sampler made anew knows neither. Hence results are added in
    the order in which they were told, each as a trial of its own that any sampler would have made
    of the same proposal, and each `ask` has a fresh Optuna sampler seeded by its number.
    """

    answers_all: ClassVar[bool] = False
    """Whether decisions that do not arise are answered too, for samplers that need every trial to
    have the same parameters. What is not asked is drawn at random then, as evolution leaves genes
    to drift that nothing selects."""

    def __init__(self, problem: SearchProblem, seed: int) -> None:
        super().__init__(problem, seed)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(directions=["maximize"] * problem.num_objectives)
        self._pending: dict[int, int] = {}

    @abstractmethod
    def new_sampler(self, seed: int) -> BaseSampler:
        """Make the Optuna sampler that answers one `ask`."""

    def ask(self, number: int) -> Proposal:
        """Propose what Optuna suggests; until the result comes it counts as running."""
        self._study.sampler = self.quietly_new_sampler(
            int(generator(self.seed, number).integers(2**32))
        )
        trial = self._study.ask()
        suggest = suggest_all_answers if self.answers_all else suggest_answers
        proposal = Proposal(suggest(trial, self.decisions))
        self._study.tell(trial, state=TrialState.FAIL)  # the one that `expect` adds stands for it
        self.expect(number, proposal)
        return proposal

    def expect(self, number: int, proposal: Proposal) -> None:
        """Count the proposal as running."""
        self._pending[number] = self._add_running(number, proposal).number

    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Add the result to the study, after those told before."""
        pending = self._pending.pop(number, None)
        if pending is not None:
            self._study.tell(pending, state=TrialState.FAIL)
        if values is not None:
            self._add_result(self._add_running(number, proposal), values)

    def _add_result(self, trial: FrozenTrial, values: tuple[float, ...]) -> None:
        self._study.tell(trial.number, values=values)

    def quietly_new_sampler(self, seed: int) -> BaseSampler:
        """Make an Optuna sampler without the warning that it may change in later versions."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return self.new_sampler(seed)

    def _add_running(self, number: int, proposal: Proposal) -> FrozenTrial:
        answers = self._answers(number, proposal)
        distributions: dict[str, BaseDistribution] = {
            decision.name: CategoricalDistribution(decision.choices)
            for decision in self.decisions
            if decision.name in answers
        }
        self._study.add_trial(
            create_trial(state=TrialState.RUNNING, params=answers, distributions=distributions)
        )
        return self._study.get_trials(deepcopy=False)[-1]

    def _answers(self, number: int, proposal: Proposal) -> dict[str, Choice]:
        """Return a proposal's answers, with those to decisions that do not arise if needed."""
        if not self.answers_all:
            return dict(proposal.choices)
        (rng,) = generator(self.seed, number).spawn(1)
        drawn = {d.name: d.choices[int(rng.integers(len(d.choices)))] for d in self.decisions}
        return drawn | proposal.choices
