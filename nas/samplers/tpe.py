"""Tree-structured Parzen estimator, through Optuna's ask-and-tell interface.

Bergstra, Bardenet, Bengio, Kegl: Algorithms for Hyper-Parameter Optimization, NeurIPS 2011;
Akiba et al.: Optuna, KDD 2019, https://arxiv.org/abs/1907.10902
"""

from __future__ import annotations

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import Trial, TrialState, create_trial

from nas.problem import SearchProblem
from nas.samplers.base import Proposal, Sampler, generator
from nas.samplers.options import TPEOptions
from nas.samplers.suggesting import suggest_answers
from search_spaces import active_decisions


class TPESampler(Sampler):
    """Optuna's TPE; pending proposals count as bad, so that parallel trials spread out."""

    def __init__(
        self,
        problem: SearchProblem,
        seed: int,
        options: TPEOptions | None = None,
    ) -> None:
        super().__init__(problem, seed)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.options = options or TPEOptions()
        self._study = optuna.create_study(direction="maximize")
        self._pending: dict[int, Trial] = {}

    def ask(self, number: int) -> Proposal:
        """Propose the candidate with the best ratio of good to bad density."""
        self._study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=self.options.startup_trials,
            n_ei_candidates=self.options.candidates,
            constant_liar=True,
            seed=int(generator(self.seed, number).integers(2**32)),
        )
        trial = self._study.ask()
        chosen = suggest_answers(trial, self.decisions)
        self._pending[number] = trial
        return Proposal(chosen)

    def expect(self, number: int, proposal: Proposal) -> None:
        """Count the proposal of an earlier sampler as pending, as if this one had made it."""
        self._study.enqueue_trial(dict(proposal.choices))
        trial = self._study.ask()
        suggest_answers(trial, self.decisions)
        self._pending[number] = trial

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Add the result to the study.

        Results are kept in the order they were told, not asked, for the model depends on it and
        a sampler made anew only knows the former. A pending trial is therefore closed as failed,
        which the model passes over, and its result added as a trial of its own.
        """
        state = TrialState.FAIL if reward is None else TrialState.COMPLETE
        trial = self._pending.pop(number, None)
        if trial is not None:
            self._study.tell(trial, state=TrialState.FAIL)
        self._study.add_trial(
            create_trial(
                state=state,
                value=reward,
                params=dict(proposal.choices),
                distributions={
                    decision.name: CategoricalDistribution(decision.choices)
                    for decision in active_decisions(self.decisions, proposal.choices)
                },
            )
        )
