"""A bound that a job's networks must keep, before training where it is known, else after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from types import MappingProxyType

from nas.metrics import METRICS

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<=": le, ">=": ge, "<": lt, ">": gt}
)
_PATTERN = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on one metric.

    Bounds on what is known before training keep a candidate from being trained. Bounds on what
    training measures cannot: a trial that breaks one is completed and told to the sampler, but
    is neither the job's best nor on its front.
    """

    metric: str
    operator: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Read `params<=1e6` and the like; raises `ValueError` naming what is allowed."""
        match = _PATTERN.fullmatch(text)
        allowed = (
            f"allowed: METRIC OPERATOR NUMBER with a metric of {', '.join(METRICS)} "
            f"and an operator of {' '.join(_OPERATORS)}, such as params<=1e6"
        )
        if match is None or match[1] not in METRICS:
            raise ValueError(f"constraint {text!r}: {allowed}")
        try:
            bound = float(match[3])
        except ValueError:
            raise ValueError(f"constraint {text!r}: {allowed}") from None
        if bound != bound:  # NaN compares unequal to itself
            raise ValueError(f"constraint {text!r}: {allowed}")
        return cls(match[1], match[2], bound)

    @property
    def is_upper(self) -> bool:
        """Whether it bounds its metric from above."""
        return self.operator.startswith("<")

    def holds(self, figures: Mapping[str, float]) -> bool:
        """Tell whether a candidate with these figures is allowed."""
        return _OPERATORS[self.operator](figures[self.metric], self.bound)

    def violation(self, figures: Mapping[str, float]) -> float:
        """Return how far the bound is missed, as a share of it; 0 where it holds."""
        if self.holds(figures):
            return 0.0
        return abs(figures[self.metric] - self.bound) / max(abs(self.bound), 1.0)

    def __str__(self) -> str:
        return f"{self.metric}{self.operator}{short(self.bound)}"


def first_broken(constraints: Iterable[Constraint], figures: Mapping[str, float]) -> str | None:
    """Say which constraint is broken, of those whose figure is known; None if none is."""
    for constraint in constraints:
        if constraint.metric in figures and not constraint.holds(figures):
            found = short(figures[constraint.metric])
            return f"constraint {constraint} is not met: {constraint.metric} is {found}"
    return None


def short(number: float) -> str:
    """Write a number briefly, with all digits that it needs to be read back the same."""
    brief = f"{number:g}"
    if float(brief) == number:
        return brief
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
