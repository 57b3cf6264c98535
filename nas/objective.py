"""What a job's search improves: one metric, a trade-off of two, or several at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from nas.constraint import short
from nas.metrics import METRICS

SOFT_EXPONENT = -0.07
"""MnasNet's alpha and beta for a soft target."""

HARD_EXPONENT = -1.0
"""MnasNet's beta for a hard target, where alpha is 0."""

_LEAST_RATIO = 1e-9
"""Keeps the power of a cost that is 0 finite."""


class Objective(ABC):
    """Turns a trained candidate's figures into what a sampler maximises.

    Written as text it is an expression that `nas.objective_request.parse_objective` reads back.
    """

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """The figures that it reads."""

    @property
    def count(self) -> int:
        """How many numbers it turns them into."""
        return 1

    @abstractmethod
    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """Return one number per objective, each to be maximised."""


@dataclass(frozen=True, slots=True)
class SingleObjective(Objective):
    """One metric, in its own direction."""

    metric: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric."""
        return (self.metric,)

    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """Return the metric, negated where less is better."""
        return (METRICS[self.metric].maximized(figures[self.metric]),)

    def __str__(self) -> str:
        return self.metric


@dataclass(frozen=True, slots=True)
class WeightedProduct(Objective):
    """MnasNet's objective: accuracy x (cost / target) ^ w.

    Tan et al.: MnasNet, CVPR 2019, section 3.1, equations 2 and 3,
    https://arxiv.org/abs/1807.11626; `alpha` is w up to the target, `beta` beyond it.
    """

    cost: str
    target: float
    alpha: float = SOFT_EXPONENT
    beta: float = SOFT_EXPONENT

    @property
    def metrics(self) -> tuple[str, ...]:
        """Accuracy and the cost."""
        return ("accuracy", self.cost)

    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """Return equation 2."""
        ratio = max(figures[self.cost] / self.target, _LEAST_RATIO)
        exponent = self.alpha if ratio <= 1 else self.beta
        return (figures["accuracy"] * ratio**exponent,)

    def __str__(self) -> str:
        ratio = f"{self.cost}/{short(self.target)}"
        if self.alpha == self.beta:
            return f"accuracy*({ratio})^{short(self.alpha)}"
        if self.alpha == 0:
            return f"accuracy*max(1,{ratio})^{short(self.beta)}"
        return f"accuracy*({ratio})^({short(self.alpha)}|{short(self.beta)})"


@dataclass(frozen=True, slots=True)
class ParetoObjective(Objective):
    """Several metrics, none of which is to be bought with another.

    The search looks for the front: the trials that no other one is better than in one metric and
    at least as good as in the rest. The metric named first decides which of them is the best.
    """

    metrics: tuple[str, ...]

    @property
    def count(self) -> int:
        """One for each metric."""
        return len(self.metrics)

    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """Return the metrics, negated where less is better."""
        return tuple(METRICS[name].maximized(figures[name]) for name in self.metrics)

    def __str__(self) -> str:
        return ",".join(self.metrics)
