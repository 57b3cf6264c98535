from __future__ import annotations

import pytest

from nas.errors import InvalidInputError
from nas.scaling.coefficients import PAPER
from nas.scaling.multipliers import Axis
from nas.scaling.solving import match_macs, parse_target, solve_phi
from tests.nas.scaling.factories import small_base


@pytest.mark.parametrize("target", ["macs<=8e6", "params<=2e5", "peak_memory_bytes<=1e6"])
def test_phi_is_the_largest_whose_network_keeps_the_target(target):
    base, constraint = small_base(), parse_target(target)
    phi = solve_phi(base, PAPER, constraint)

    def figures(phi: float):
        return base.figures_of(base.scaled(PAPER.multipliers(phi, base.resolution)))

    assert phi > 0
    assert constraint.holds(figures(phi))
    assert not constraint.holds(figures(phi + 0.001))


def test_target_below_the_base_network_shrinks_it():
    base = small_base()
    phi = solve_phi(base, PAPER, parse_target(f"macs<={base.figures['macs'] / 2:.0f}"))
    assert -3 < phi < 0


def test_measured_target_is_solved_by_what_measures_it():
    base = small_base()

    def latency(architecture) -> float:
        return base.figures_of(architecture)["macs"] / 1e6

    by_latency = solve_phi(base, PAPER, parse_target("latency_ms<=8"), latency)
    assert by_latency == solve_phi(base, PAPER, parse_target("macs<=8e6"))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("params<=10", "target params<=10: "),
        ("depth<=5", "allowed: an upper"),
    ],
)
def test_target_that_cannot_be_met_is_named(target, message):
    with pytest.raises((InvalidInputError, ValueError), match=message):
        solve_phi(small_base(), PAPER, parse_target(target))


@pytest.mark.parametrize("target", ["macs>=1e6", "accuracy<=0.9", "colour<=1"])
def test_only_upper_bounds_on_costs_are_targets(target):
    with pytest.raises(ValueError, match="allowed: "):
        parse_target(target)


@pytest.mark.parametrize("axis", Axis)
@pytest.mark.parametrize("growth", [2.0, 5.0])
def test_single_axis_network_has_the_macs_asked_for_and_nothing_else_changed(axis, growth):
    base = small_base()
    macs = growth * base.figures["macs"]
    scaled = match_macs(base, axis, macs)
    found = base.figures_of(base.scaled(scaled))["macs"]
    assert found == pytest.approx(macs, rel=0.13)  # of a few cells and pixels
    others = {each.value for each in Axis} - {axis.value}
    assert all(getattr(scaled, each) == getattr(base.identity, each) for each in others)
