"""The forms in which a user states an objective: as an expression, an object, or a list.

accuracy                            one metric
accuracy,params,latency_ms          several: the Pareto front
accuracy*(latency_ms/5)^-0.07       MnasNet's, soft
accuracy*max(1,latency_ms/5)^-1     MnasNet's, hard
accuracy*(latency_ms/5)^(-0.05|-0.2)    below the target | beyond it
"""

from __future__ import annotations

import re
from enum import StrEnum
from math import isinf
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from nas.metrics import METRICS, metric_names
from nas.objective import (
    HARD_EXPONENT,
    SOFT_EXPONENT,
    Objective,
    ParetoObjective,
    SingleObjective,
    WeightedProduct,
)
from search_spaces.errors import first_problem, shown

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RATIO = rf"(?P<cost>\w+)/(?P<target>{_NUMBER})"
_HARD = re.compile(rf"(?P<metric>\w+)\*max\(1,{_RATIO}\)\^\(?(?P<beta>{_NUMBER})\)?")
_SOFT = re.compile(
    rf"(?P<metric>\w+)\*\({_RATIO}\)\^"
    rf"(?:\(?(?P<both>{_NUMBER})\)?|\((?P<alpha>{_NUMBER})\|(?P<beta>{_NUMBER})\))"
)
MOST_OBJECTIVES = 6
"""Of more, nearly every trial is on the front."""


class ProductForm(StrEnum):
    """How firmly MnasNet's objective holds to its target."""

    SOFT = "soft"
    HARD = "hard"


class WeightedProductRequest(BaseModel):
    """MnasNet's objective, accuracy x (cost / target) ^ w, with the paper's exponents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field("accuracy", description="what is multiplied: accuracy")
    cost: str = Field(description="what the network takes", examples=["latency_ms"])
    target: float = Field(gt=0, allow_inf_nan=False, description="the cost that is wanted")
    form: ProductForm = Field(
        ProductForm.SOFT,
        description="soft: alpha = beta = -0.07; hard: alpha = 0, beta = -1",
    )
    alpha: float | None = Field(
        None, ge=-100, le=0, description="w up to the target; unset: as the form says"
    )
    beta: float | None = Field(
        None, ge=-100, le=0, description="w beyond the target; unset: as the form says"
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> WeightedProductRequest:
        if self.metric != "accuracy":
            raise ValueError(f"metric {self.metric!r}, allowed: accuracy")
        costs = metric_names(lambda metric: metric.is_cost)
        if self.cost not in costs:
            raise ValueError(f"cost {self.cost!r}, allowed: {', '.join(costs)}")
        return self

    @property
    def objective(self) -> WeightedProduct:
        """The objective that is asked for."""
        is_soft = self.form is ProductForm.SOFT
        alpha, beta = (SOFT_EXPONENT, SOFT_EXPONENT) if is_soft else (0.0, HARD_EXPONENT)
        return WeightedProduct(
            self.cost,
            self.target,
            alpha if self.alpha is None else self.alpha,
            beta if self.beta is None else self.beta,
        )


def _checked(given: Any) -> str | tuple[str, ...] | WeightedProductRequest:
    """Check an objective and keep the form in which it is given."""
    if isinstance(given, WeightedProductRequest):
        return given
    if isinstance(given, str):
        return str(parse_objective(given))
    if isinstance(given, list | tuple):
        return _pareto(given).metrics
    if isinstance(given, dict):
        try:
            return WeightedProductRequest.model_validate(given)
        except ValidationError as error:
            raise ValueError(first_problem(error)) from error
    raise ValueError(f"got {shown(given)}, {_allowed()}")


ObjectiveRequest = Annotated[
    str | tuple[str, ...] | WeightedProductRequest,
    BeforeValidator(_checked),
]
"""An objective in the form in which it was given."""


def objective_of(request: str | tuple[str, ...] | WeightedProductRequest) -> Objective:
    """Return the objective that a request states."""
    if isinstance(request, WeightedProductRequest):
        return request.objective
    return parse_objective(request) if isinstance(request, str) else _pareto(request)


def parse_objective(text: str) -> Objective:
    """Read an expression; raises `ValueError` naming what is allowed."""
    dense = "".join(text.split())
    product = _HARD.fullmatch(dense) or _SOFT.fullmatch(dense)
    if product is not None:
        return _product(text, product)
    names = dense.split(",")
    if len(names) > 1:
        return _pareto(names)
    if dense not in _directed():
        raise ValueError(f"got {shown(text)}, {_allowed()}")
    return SingleObjective(dense)


def _product(text: str, match: re.Match[str]) -> WeightedProduct:
    parts = match.groupdict()
    both = parts.get("both")
    alpha = both or parts.get("alpha") or 0.0  # of the hard form
    try:
        return WeightedProductRequest.model_validate(
            {
                "metric": parts["metric"],
                "cost": parts["cost"],
                "target": float(parts["target"]),
                "alpha": float(alpha),
                "beta": float(both or parts["beta"]),
            }
        ).objective
    except ValidationError as error:
        raise ValueError(f"{shown(text)}: {first_problem(error)}") from error


def _pareto(names: list[Any] | tuple[Any, ...]) -> ParetoObjective:
    for name in names:
        if name not in _directed():
            raise ValueError(f"got {shown(name)} among several, {_allowed()}")
        if isinf(METRICS[name].ideal):
            raise ValueError(
                f"got {name!r} among several, allowed: metrics with a best value, from which the "
                "hypervolume is measured"
            )
    if len(set(names)) != len(names) or not 2 <= len(names) <= MOST_OBJECTIVES:
        raise ValueError(
            f"got {shown(','.join(names))}, allowed: 2 to {MOST_OBJECTIVES} different metrics"
        )
    return ParetoObjective(tuple(names))


def _directed() -> tuple[str, ...]:
    return metric_names(lambda metric: metric.direction is not None)


def _allowed() -> str:
    return (
        f"allowed: one of {', '.join(_directed())}; several of them with commas between; "
        "or accuracy*(COST/TARGET)^EXPONENT, such as accuracy*(latency_ms/5)^-0.07"
    )
