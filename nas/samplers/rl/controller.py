"""The controller: an LSTM that answers a space's decisions one after the other.

Zoph & Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, sections 3.1 and 3.3,
https://arxiv.org/abs/1611.01578; temperature and tanh constant after Bello et al. 2017 and Pham
et al.: Efficient Neural Architecture Search (ENAS), ICML 2018, appendix A,
https://arxiv.org/abs/1802.03268.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas.samplers.rl.steps import NOT_ASKED, DecisionPlan, Step

_INITIAL_RANGE = 0.1


@dataclass(frozen=True, slots=True)
class RollOut:
    """`B` walks through the decisions."""

    answers: Tensor
    """Numbers of the choices, shape `(B, D)`."""
    log_probability: Tensor
    """Of the answers, in nats, shape `(B,)`."""
    entropy: Tensor
    """Of the distributions met on the way, in nats, summed, shape `(B,)`."""
    distributions: dict[int, Tensor]
    """Log-probability of each choice by the decision's position, shape `(B, choices)`.

    Rows in which the decision does not arise mean nothing; one that arises nowhere is left out.
    """

    def one(self, number: int) -> RollOut:
        """Return one of the walks."""
        rows = slice(number, number + 1)
        return RollOut(
            self.answers[rows],
            self.log_probability[rows],
            self.entropy[rows],
            {position: each[rows] for position, each in self.distributions.items()},
        )


class Controller(nn.Module):
    """Autoregressive policy over decisions: the answers are fed back as the next step's input.

    Which part of the network an answer takes as its input is decided by attention over the parts'
    anchor states, the hidden states of the last step about each.
    """

    def __init__(
        self,
        plan: DecisionPlan,
        *,
        hidden_size: int,
        temperature: float,
        tanh_constant: float | None,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.temperature = temperature
        self.tanh_constant = tanh_constant
        self.start = nn.Parameter(torch.empty(1, hidden_size))
        self.cell = nn.LSTMCell(hidden_size, hidden_size)
        sizes = [len(decision.choices) for decision in plan.decisions]
        self.answers = nn.ModuleList(nn.Embedding(size, hidden_size) for size in sizes)
        self.attention = AnchorAttention(len(plan.parts), hidden_size)
        self.heads = nn.ModuleDict(
            {
                str(step.decisions[0]): nn.Linear(hidden_size, sizes[step.decisions[0]])
                for step in plan.steps
                if not step.sources
            }
        )
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -_INITIAL_RANGE, _INITIAL_RANGE)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator, flattening: float = 1.0) -> RollOut:
        """Draw `count` rows of answers; `flattening` divides the logits once more."""
        draws = torch.rand(count, len(self.plan.decisions), generator=generator)
        answers = torch.full(draws.shape, NOT_ASKED)
        return self._roll_out(answers, draws, flattening)

    def score(self, answers: Tensor) -> RollOut:
        """Follow given answers, shape `(B, D)`."""
        return self._roll_out(answers, None, 1.0)

    def _roll_out(self, answers: Tensor, draws: Tensor | None, flattening: float) -> RollOut:
        """Take all steps; with uniform `draws`, fill `answers` on the way."""
        rows = len(answers)
        hidden = cell = self.start.new_zeros(rows, self.start.shape[1])
        step_input = self.start.expand(rows, -1)
        log_probability = entropy = self.start.new_zeros(rows)
        anchors = self.attention.initial(rows)
        distributions: dict[int, Tensor] = {}
        for step in self.plan.steps:
            arises = self.plan.arises(step, answers)
            if arises is not None and not arises.any():
                continue
            new_hidden, new_cell = self.cell(step_input, (hidden, cell))
            hidden = _where(arises, new_hidden, hidden)
            cell = _where(arises, new_cell, cell)
            log_probabilities = self._log_probabilities(step, hidden, anchors, flattening)
            positions = list(step.decisions)
            if draws is not None:
                drawn = _draw(log_probabilities, draws[:, positions])
                answers[:, positions] = _where(arises, drawn, torch.full_like(drawn, NOT_ASKED))
            given = answers[:, positions].clamp(min=0)
            chosen = log_probabilities.gather(2, given.unsqueeze(2)).sum(dim=(1, 2))
            undecided = -(log_probabilities.exp() * log_probabilities).sum(dim=(1, 2))
            log_probability = log_probability + _where(arises, chosen, torch.zeros_like(chosen))
            entropy = entropy + _where(arises, undecided, torch.zeros_like(undecided))
            step_input = _where(arises, self._embed(step, given), step_input)
            if step.part is not None:
                anchors[step.part] = _where(arises, hidden, anchors[step.part])
            distributions |= dict(zip(positions, log_probabilities.unbind(dim=1), strict=True))
        return RollOut(answers, log_probability, entropy, distributions)

    def _log_probabilities(
        self, step: Step, hidden: Tensor, anchors: list[Tensor], flattening: float
    ) -> Tensor:
        """Return those of a step's choices, shape `(B, decisions, choices)`."""
        logits: Tensor
        if step.sources:
            logits = self.attention(hidden, anchors, step.sources)
        else:
            logits = self.heads[str(step.decisions[0])](hidden).unsqueeze(1)
        logits = logits / self.temperature
        if self.tanh_constant is not None:
            logits = self.tanh_constant * torch.tanh(logits)
        return (logits / flattening).log_softmax(dim=-1)

    def _embed(self, step: Step, given: Tensor) -> Tensor:
        """Add up the embeddings of a step's answers `(B, decisions)`."""
        embedded = [
            self.answers[position](given[:, i]) for i, position in enumerate(step.decisions)
        ]
        return embedded[0] if len(embedded) == 1 else torch.stack(embedded).sum(dim=0)


class AnchorAttention(nn.Module):
    """How well each earlier part would do as an input.

    Zoph & Le (2017), section 3.3: `v^T tanh(W_prev h_j + W_curr h_i)`, with `h_j` the anchor state
    of part `j` and `h_i` the state now. A choice that takes no part has the logit 0, so that
    between it and one part the probability is the paper's sigmoid; among several parts it is the
    softmax of ENAS.
    """

    def __init__(self, parts: int, hidden_size: int) -> None:
        super().__init__()
        self.anchors = nn.Parameter(torch.empty(parts, hidden_size))
        """Stand in for parts about which nothing has been decided yet."""
        self.previous = nn.Linear(hidden_size, hidden_size, bias=False)
        self.current = nn.Linear(hidden_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def initial(self, rows: int) -> list[Tensor]:
        """Return each part's state at the start, shape `(B, hidden)` each."""
        return [anchor.expand(rows, -1) for anchor in self.anchors]

    def forward(
        self, hidden: Tensor, anchors: list[Tensor], sources: tuple[tuple[int | None, ...], ...]
    ) -> Tensor:
        """Return the choices' logits, shape `(B, decisions, choices)`."""
        parts = sorted({part for each in sources for part in each if part is not None})
        keys = self.previous(torch.stack([anchors[part] for part in parts], dim=1))
        scores = self.score(torch.tanh(keys + self.current(hidden).unsqueeze(1))).squeeze(2)
        scores = nn.functional.pad(scores, (0, 1))  # the last is of "no part"
        column = [[len(parts) if p is None else parts.index(p) for p in each] for each in sources]
        return scores[:, torch.tensor(column)]


def _where(arises: Tensor | None, here: Tensor, elsewhere: Tensor) -> Tensor:
    """Choose by row; `arises` is None where all rows are alike."""
    if arises is None:
        return here
    return torch.where(arises.view(-1, *[1] * (here.dim() - 1)), here, elsewhere)


def _draw(log_probabilities: Tensor, draws: Tensor) -> Tensor:
    """Turn uniform draws `(B, decisions)` into choices' numbers, by inverting the distribution."""
    below = log_probabilities.exp().cumsum(dim=-1) < draws.unsqueeze(2)
    return below.sum(dim=2).clamp(max=log_probabilities.shape[2] - 1)
