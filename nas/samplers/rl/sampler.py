"""The sampler: draws from the controller what is new, and has it learn from the results."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import torch

from nas.policy import DecisionPolicy, Policy
from nas.problem import SearchProblem
from nas.samplers.base import CheckpointedSampler, PolicySampler, Proposal, generator
from nas.samplers.options import RLOptions
from nas.samplers.rl.controller import Controller, RollOut
from nas.samplers.rl.learning import Experience, PolicyGradient
from nas.samplers.rl.rewards import Elite, RewardAverage, Row
from nas.samplers.rl.steps import NOT_ASKED, DecisionPlan
from search_spaces.variation import draw_choices

_DRAWS_AT_ONCE = 16
_FLATTENING = 1.5
"""Factor on the temperature each time that nothing new was among so many draws."""
_MOST_ROUNDS = 12
"""Of draws until the space is taken to be used up; the temperature is 86 then."""
_WALKS_PER_POLICY = 64
"""Walks over which a policy's marginals are averaged."""
_STATE_VERSION = 1


class RLSampler(CheckpointedSampler, PolicySampler):
    """An LSTM controller and its policy gradient; see `controller` and `learning`.

    A share of the proposals is drawn uniformly, so that a policy that has settled on a poor region
    can still learn of a better one; the ratio of policies accounts for it.

    Answers are drawn without replacement, as an evaluation costs far more than a draw: what was
    proposed before is drawn again, at a rising temperature where the policy has little else.
    """

    def __init__(self, problem: SearchProblem, seed: int, options: RLOptions | None = None) -> None:
        super().__init__(problem, seed)
        self.options = options or RLOptions()
        self.plan = DecisionPlan(self.decisions)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.controller = Controller(
                self.plan,
                hidden_size=self.options.hidden_size,
                temperature=self.options.temperature,
                tanh_constant=self.options.tanh_constant,
            )
        self._learner = PolicyGradient(self.controller, self.options)
        self._average = RewardAverage(self.options.baseline_decay)
        self._elite = Elite(self.options.elite_size)
        self._worst: float | None = None
        self._batch: list[Experience] = []
        self._updates = 0
        self._tried: set[Row] = set()
        self._pending: dict[int, Row] = {}

    def ask(self, number: int) -> Proposal:
        """Draw answers that are new; their log-probability is kept for the ratio in `learning`."""
        rng = generator(self.seed, number)
        draws = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
        explores = rng.random() < self.options.exploration
        walk = self._explore(rng) if explores else self._draw(draws)
        row: Row = tuple(walk.answers[0].tolist())
        self._pending[number] = row
        info = {
            "log_probability": self._mixed(row, float(walk.log_probability[0])),
            "entropy": float(walk.entropy[0]),
        }
        if self._average.mean is not None:
            info["baseline"] = self._average.mean
        return Proposal(self.plan.decode(list(row)), info)

    def _draw(self, draws: torch.Generator) -> RollOut:
        """Return the policy's first walk that is new, or the last of all if none was."""
        count, flattening = 1, 1.0
        for _ in range(_MOST_ROUNDS):
            walks = self.controller.sample(count, draws, flattening)
            for number, answers in enumerate(walks.answers.tolist()):
                if self._is_new(tuple(answers)):
                    return walks.one(number)
            if count > 1:
                flattening *= _FLATTENING
            count = _DRAWS_AT_ONCE
        return walks.one(count - 1)

    @torch.no_grad()
    def _explore(self, rng: np.random.Generator) -> RollOut:
        """Return a walk whose answers were drawn uniformly: a new one, if that is soon found."""
        for _ in range(_MOST_ROUNDS):
            row = self.plan.encode(draw_choices(self.decisions, rng))
            if self._is_new(tuple(row)):
                break
        return self.controller.score(torch.tensor([row]))

    def _mixed(self, row: Row, log_probability: float) -> float:
        """Return the log-probability of answers under policy and uniform draws together."""
        share = self.options.exploration
        if not share:
            return log_probability
        uniform = -sum(
            math.log(len(decision.choices))
            for decision, answer in zip(self.decisions, row, strict=True)
            if answer != NOT_ASKED
        )
        return float(np.logaddexp(math.log1p(-share) + log_probability, math.log(share) + uniform))

    def _is_new(self, row: Row) -> bool:
        if not self.options.avoid_repeats:
            return True
        return row not in self._tried and row not in self._pending.values()

    def expect(self, number: int, proposal: Proposal) -> None:
        """Count the proposal of an earlier sampler as proposed."""
        self._pending[number] = tuple(self.plan.encode(proposal.choices))

    def tell(self, number: int, proposal: Proposal, reward: float | None) -> None:
        """Collect the result; a full batch updates the policy.

        A candidate that could not be evaluated counts as the worst so far.
        """
        self._pending.pop(number, None)
        row = tuple(self.plan.encode(proposal.choices))
        self._tried.add(row)
        if reward is not None:
            self._elite.add(reward, row)
        elif self._worst is None:
            return
        else:
            reward = self._worst
        self._worst = reward if self._worst is None else min(self._worst, reward)
        self._batch.append(
            Experience(row, self._average.advantage(reward), proposal.info.get("log_probability"))
        )
        if len(self._batch) >= self.options.batch_size:
            self._learner.update(self._batch, self._elite.rows)
            self._batch = []
            self._updates += 1

    def withdraw(self, number: int, proposal: Proposal) -> None:
        """Forget it: a proposal that was passed over is not a bad one, and may be made again."""
        del proposal
        self._pending.pop(number, None)

    @property
    def updates(self) -> int:
        """How often a batch has changed the policy."""
        return self._updates

    @torch.no_grad()
    def policy(self) -> Policy:
        """Describe the policy: each decision's distribution, averaged over walks drawn from it."""
        draws = torch.Generator().manual_seed(self.seed)
        walks = self.controller.sample(_WALKS_PER_POLICY, draws)
        arises = walks.answers != NOT_ASKED
        return Policy(
            update=self._updates,
            entropy=float(walks.entropy.mean()),
            baseline=self._average.mean,
            decisions=tuple(
                DecisionPolicy(
                    name=decision.name,
                    choices=decision.choices,
                    probabilities=tuple(
                        walks.distributions[i][arises[:, i]].exp().mean(dim=0).tolist()
                    ),
                    reached=float(arises[:, i].float().mean()),
                )
                for i, decision in enumerate(self.decisions)
                if i in walks.distributions
            ),
        )

    def state(self) -> bytes:
        """Write what was learned: weights, moments, averages, the elite and what was tried."""
        written = io.BytesIO()
        torch.save(
            {
                "key": self._state_key(),
                "learner": self._learner.state_dict(),
                "average": (self._average.mean, self._average.spread),
                "elite": self._elite.members,
                "worst": self._worst,
                "batch": [(e.row, e.advantage, e.log_probability) for e in self._batch],
                "updates": self._updates,
                "tried": torch.from_numpy(np.array(list(self._tried), np.int16)),
            },
            written,
        )
        return written.getvalue()

    def load_state(self, state: bytes) -> None:
        """Read what `state` wrote; raises `ValueError` where it does not fit."""
        try:
            read: dict[str, Any] = torch.load(io.BytesIO(state), weights_only=True)
        except Exception as error:  # torch names no type for bytes that it cannot read
            raise ValueError(f"the controller's state cannot be read: {error}") from error
        if read.get("key") != self._state_key():
            raise ValueError("the controller's state is of another version, space or options")
        self._learner.load_state_dict(read["learner"])
        self._average.mean, self._average.spread = read["average"]
        self._elite.members = [(reward, tuple(row)) for reward, row in read["elite"]]
        self._worst = read["worst"]
        self._batch = [Experience(tuple(row), *rest) for row, *rest in read["batch"]]
        self._updates = read["updates"]
        self._tried = {tuple(row) for row in read["tried"].tolist()}

    def _state_key(self) -> str:
        """Say for which sampler a state is meant."""
        decisions = [(d.name, d.choices, d.part, d.sources) for d in self.decisions]
        return repr((_STATE_VERSION, torch.__version__, self.options, decisions))
