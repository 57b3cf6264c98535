"""The controller: an LSTM that answers a space's decisions one after the other.

Zoph & Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section 3.1,
https://arxiv.org/abs/1611.01578; temperature and tanh constant after Bello et al. 2017 and
Pham et al. (ENAS), ICML 2018, appendix A.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from search_spaces import Choice, Choices, Decision, active_decisions

_INITIAL_RANGE = 0.1


class Controller(nn.Module):
    """Autoregressive policy over decisions: each answer is fed back as the next step's input."""

    def __init__(
        self,
        decisions: tuple[Decision, ...],
        *,
        hidden_size: int,
        temperature: float,
        tanh_constant: float | None,
    ) -> None:
        super().__init__()
        self.decisions = decisions
        self.temperature = temperature
        self.tanh_constant = tanh_constant
        self._position = {decision.name: i for i, decision in enumerate(decisions)}
        self.start = nn.Parameter(torch.empty(1, hidden_size))
        self.cell = nn.LSTMCell(hidden_size, hidden_size)
        self.answers = nn.ModuleList(nn.Embedding(len(d.choices), hidden_size) for d in decisions)
        self.heads = nn.ModuleList(nn.Linear(hidden_size, len(d.choices)) for d in decisions)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -_INITIAL_RANGE, _INITIAL_RANGE)

    @torch.no_grad()
    def sample(self, generator: torch.Generator) -> tuple[dict[str, Choice], float, float]:
        """Draw answers; returns them, their log-probability and the policy's entropy (nats)."""
        chosen: dict[str, Choice] = {}
        log_probability, entropy = self._roll_out(chosen, generator)
        return chosen, float(log_probability), float(entropy)

    def score(self, choices: Choices) -> tuple[Tensor, Tensor]:
        """Return the log-probability of given answers and the entropy along the way (scalars)."""
        return self._roll_out(dict(choices), None)

    def _roll_out(
        self, chosen: dict[str, Choice], generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Walk through the arising decisions; with a generator, fill `chosen` on the way."""
        state: tuple[Tensor, Tensor] | None = None
        step_input: Tensor = self.start
        log_probability, entropy = torch.zeros(()), torch.zeros(())
        for decision in active_decisions(self.decisions, chosen):
            position = self._position[decision.name]
            state = self.cell(step_input, state)
            log_probabilities = self._log_probabilities(self.heads[position](state[0])[0])
            if generator is not None:
                drawn = int(torch.multinomial(log_probabilities.exp(), 1, generator=generator))
                chosen[decision.name] = decision.choices[drawn]
            answer = decision.choices.index(chosen[decision.name])
            log_probability = log_probability + log_probabilities[answer]
            entropy = entropy - (log_probabilities.exp() * log_probabilities).sum()
            step_input = self.answers[position](torch.tensor([answer]))
        return log_probability, entropy

    def _log_probabilities(self, logits: Tensor) -> Tensor:
        logits = logits / self.temperature
        if self.tanh_constant is not None:
            logits = self.tanh_constant * torch.tanh(logits)
        return logits.log_softmax(dim=-1)
