"""The contract of a sampler.

The life of a proposal, told in order:

1. The search loop calls `ask(number)` with the proposal's running number, from 0. The sampler
   answers the space's decisions and may note figures of its own in `Proposal.info`.
2. The loop checks, stores and evaluates the architecture. Meanwhile it may ask again: several
   proposals can be pending, and their results come in any order.
3. The loop calls `tell(number, proposal, reward)` once per proposal; `reward` is to be
   maximised, and None says that the candidate could not be evaluated.
4. After a crash the loop makes a new sampler, repeats all `tell` calls in their old order, and
   calls `expect` for each proposal whose result is still to come. A sampler therefore keeps no
   state that these do not rebuild, and draws the randomness of `ask(number)` from
   `generator(seed, number)`: the same results give the same proposals. A sampler that learns
   slowly may let its state be kept (`CheckpointedSampler`), so that only later tells are repeated.

A proposal that lost a comparison before it was evaluated ends with `withdraw` in place of `tell`;
both are repeated in their one old order.

Most samplers see the decisions' names and choices alone; `model` also looks at the graphs and
sizes of the architectures that answers lead to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from nas.policy import Policy
from nas.problem import SearchProblem
from search_spaces import Choice


@dataclass(frozen=True, slots=True)
class Proposal:
    """Answers to the decisions that arise, and figures the sampler wants kept with them."""

    choices: dict[str, Choice]
    info: dict[str, float] = field(default_factory=dict)


class Sampler(ABC):
    """Proposes (`ask`) and learns (`tell`); see the module's docstring for the order."""

    def __init__(self, problem: SearchProblem, seed: int) -> None:
        self.problem = problem
        self.decisions = problem.decisions
        self.seed = seed

    @abstractmethod
    def ask(self, number: int) -> Proposal:
        """Propose; called once per `number`, which grows."""

    def expect(self, number: int, proposal: Proposal) -> None:  # noqa: B027
        """Learn of a proposal of an earlier sampler whose reward is still to come."""

    @abstractmethod
    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Learn the reward of an earlier proposal, None where it could not be evaluated."""

    def withdraw(self, number: int, proposal: Proposal) -> None:
        """Learn that an earlier proposal is passed over: nothing will be known of its worth.

        Unless a sampler knows better, that is one more proposal that could not be evaluated.
        """
        self.tell(number, proposal, None)


class MultiObjectiveSampler(Sampler):
    """A sampler that can learn from several objectives at once, each to be maximised.

    Where `problem.num_objectives` is 1 it is an ordinary sampler. Where there are more, the loop
    calls `tell_values` in place of `tell`.
    """

    @abstractmethod
    def tell_values(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        """Learn what each objective came to, None where the candidate could not be evaluated."""

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Learn the reward of a search with one objective."""
        self.tell_values(number, proposal, None if reward is None else (reward,))


class CheckpointedSampler(Sampler):
    """A sampler whose state can be stored, so that a new one need not repeat all it was told.

    A new sampler is given the state first, then the tells that came after it, then what is
    pending. It then goes on exactly as the old one, as if all tells had been repeated.
    """

    @abstractmethod
    def state(self) -> bytes:
        """Return everything learned from the tells so far, but not what is pending."""

    @abstractmethod
    def load_state(self, state: bytes) -> None:
        """Take over what an equal sampler had learned; called at most once, before all else.

        Raises:
            ValueError: The state is of another version, space or options; nothing has changed.
        """


class PolicySampler(Sampler):
    """A sampler whose proposals are drawn from distributions that can be shown."""

    @property
    @abstractmethod
    def updates(self) -> int:
        """How often the policy has changed so far."""

    @abstractmethod
    def policy(self) -> Policy:
        """Describe the policy as it is now; this changes nothing."""


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the generator that belongs to proposal `number`."""
    return np.random.default_rng([seed, number])
