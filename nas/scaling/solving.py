"""Finding the phi that meets a target, and single-axis networks of equal MACs."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isinf, sqrt

from nas.constraint import Constraint
from nas.errors import InvalidInputError
from nas.metrics import METRICS
from nas.scaling.coefficients import Coefficients
from nas.scaling.multipliers import Axis, Multipliers
from nas.scaling.network import BaseNetwork
from search_spaces import Architecture, InfeasibleArchitectureError

MOST_PHI = 16.0
"""Networks are up to 65,000 times as large as what they are scaled from."""

PHI_DIGITS = 3
_MATCHED = 0.01
_GUESSES = 8

Measure = Callable[[Architecture], float]
"""Finds out the figure that a target bounds."""


def parse_target(text: str) -> Constraint:
    """Read a bound such as `macs<=1e9` on what a network takes; raises `ValueError`."""
    target = Constraint.parse(text)
    if not (target.is_upper and METRICS[target.metric].is_cost):
        costs = ", ".join(name for name, metric in METRICS.items() if metric.is_cost)
        raise ValueError(f"target {text!r}: allowed: an upper bound on one of {costs}")
    return target


def solve_phi(
    base: BaseNetwork,
    coefficients: Coefficients,
    target: Constraint,
    measure: Measure | None = None,
) -> float:
    """Return the largest phi, to a thousandth, that has a network and keeps the target.

    It may be negative, for a network smaller than the base. Every cost grows with phi, in steps
    where channels, layers and pixels are rounded. `measure` finds out what an analysis does not
    count.

    Raises:
        InvalidInputError: No network of the family keeps the target, or the largest still does.
    """

    def keeps(phi: float) -> bool:
        try:
            architecture = base.scaled(coefficients.multipliers(phi, base.resolution))
            if measure is None:
                figure = base.figures_of(architecture)[target.metric]
            else:
                base.figures_of(architecture)  # what is too large is not measured
                figure = measure(architecture)
        except InfeasibleArchitectureError as error:
            if phi < 0:  # images too small for its layers, which larger ones are not
                raise InvalidInputError(f"target {target}: {error}") from error
            return False
        return target.holds({target.metric: figure})

    low, high = _bracket(keeps, target)
    while high - low > 10**-PHI_DIGITS / 2:
        middle = (low + high) / 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    rounded = round(low, PHI_DIGITS)
    return rounded if keeps(rounded) else round(rounded - 10**-PHI_DIGITS, PHI_DIGITS)


def _bracket(keeps: Callable[[float], bool], target: Constraint) -> tuple[float, float]:
    """Find two neighbouring powers of 2, the first of which keeps the target."""
    if keeps(0.0):
        low, step = 0.0, 1.0
        while keeps(step):
            low, step = step, 2 * step
            if step > MOST_PHI:
                raise InvalidInputError(
                    f"target {target}: met up to phi {MOST_PHI:g}, allowed: a lower bound than that"
                )
        return low, step
    high, step = 0.0, -1.0
    while not keeps(step):
        high, step = step, 2 * step
        if step < -MOST_PHI:
            raise InvalidInputError(f"target {target}: not met even at phi {-MOST_PHI:g}")
    return step, high


def match_macs(base: BaseNetwork, axis: Axis, macs: float) -> Multipliers:
    """Return the multipliers along one axis whose network's MACs are nearest to `macs`.

    MACs grow with the depth, and with the squares of width and resolution; each guess corrects
    the one before by that. Rounding may leave a difference, which is large where layers are few.

    Raises:
        InfeasibleArchitectureError: Such a network is larger than one may be.
    """
    power = 1.0 if axis is Axis.DEPTH else 0.5
    factor = (macs / base.figures["macs"]) ** power
    best, nearest = base.identity, inf
    below, above = 0.0, inf
    tried: set[Multipliers] = set()
    for _ in range(_GUESSES):
        guess = base.single_axis(axis, factor)
        if guess in tried:
            break
        tried.add(guess)
        found = base.figures_of(base.scaled(guess))["macs"]
        if abs(found / macs - 1) < nearest:
            best, nearest = guess, abs(found / macs - 1)
        if nearest <= _MATCHED:
            break
        below, above = (factor, above) if found < macs else (below, factor)
        corrected = factor * (macs / found) ** power
        is_between = below < corrected < above and base.single_axis(axis, corrected) not in tried
        factor = corrected if is_between or isinf(above) or not below else sqrt(below * above)
    return best
