"""What a job maximises and what it must not exceed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt
from types import MappingProxyType

from nas.evaluation import Metrics
from search_spaces.analysis import Analysis


class Objective(StrEnum):
    """The metric of the validation set that the search improves."""

    ACCURACY = "accuracy"
    LOSS = "loss"

    def reward(self, metrics: Metrics) -> float:
        """Return the scalar a sampler maximises."""
        return metrics.accuracy if self is Objective.ACCURACY else -metrics.loss


_OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<=": le, ">=": ge, "<": lt, ">": gt}
)
_METRICS = ("params", "macs")
_PATTERN = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on a metric that is known before training."""

    metric: str
    operator: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Read `params<=1e6` and the like; raises `ValueError` naming what is allowed."""
        match = _PATTERN.fullmatch(text)
        allowed = (
            f"allowed: METRIC OPERATOR NUMBER with a metric of {', '.join(_METRICS)} "
            f"and an operator of {' '.join(_OPERATORS)}, such as params<=1e6"
        )
        if match is None or match[1] not in _METRICS:
            raise ValueError(f"constraint {text!r}: {allowed}")
        try:
            bound = float(match[3])
        except ValueError:
            raise ValueError(f"constraint {text!r}: {allowed}") from None
        if bound != bound:  # NaN compares unequal to itself
            raise ValueError(f"constraint {text!r}: {allowed}")
        return cls(match[1], match[2], bound)

    def holds(self, analysis: Analysis) -> bool:
        """Tell whether an architecture of this size is allowed."""
        return _OPERATORS[self.operator](float(getattr(analysis, self.metric)), self.bound)

    def __str__(self) -> str:
        short = f"{self.bound:g}"
        exact = short if float(short) == self.bound else f"{self.bound:.17g}"
        return f"{self.metric}{self.operator}{exact}"
