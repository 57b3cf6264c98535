from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nas.scaling.coefficients import PAPER, Coefficients, Grid
from nas.scaling.multipliers import Multipliers, parse_multipliers
from search_spaces import InfeasibleArchitectureError


def test_papers_coefficients_nearly_double_macs():
    assert pytest.approx(1.92, abs=0.001) == PAPER.product


@given(st.floats(-2, 8), st.integers(8, 400))
def test_multipliers_are_the_coefficients_to_the_power_of_phi(phi, resolution):
    scaled = PAPER.multipliers(phi, resolution)
    assert scaled.depth == pytest.approx(1.2**phi, abs=1e-6)
    assert scaled.width == pytest.approx(1.1**phi, abs=1e-6)
    assert abs(scaled.resolution - resolution * 1.15**phi) <= 0.5
    assert parse_multipliers(str(scaled)) == scaled


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ((0.9, 1.4, 1.1), "alpha"),
        ((1.2, 1.2, 1.2), r"alpha \* beta\^2 \* gamma\^2: got 2\.488, allowed: 1\.8 to 2\.2"),
        ((1.0, 1.0, 1.0), r"got 1\.000, allowed: 1\.8 to 2\.2"),
    ],
)
def test_coefficients_that_do_not_double_macs_are_refused(given_, message):
    with pytest.raises(ValidationError, match=message):
        Coefficients(**dict(zip(("alpha", "beta", "gamma"), given_, strict=True)))


@given(st.sampled_from([0.05, 0.1, 0.2]), st.floats(0.05, 0.2))
def test_grid_is_what_of_its_lattice_doubles_macs(step, tolerance):
    found = Grid(step=step, tolerance=tolerance).coefficients()
    assert len(set(found)) == len(found) > 0
    for each in found:
        assert min(each.alpha, each.beta, each.gamma) >= 1
        assert abs(each.product - 2) <= tolerance + 1e-9
    assert Coefficients(alpha=2, beta=1, gamma=1) in found


def test_default_grid_is_small():
    assert len(Grid().coefficients()) == 10


def test_empty_grid_is_refused():
    with pytest.raises(ValidationError, match="leaves no coefficients; allowed: a smaller step"):
        Grid(step=0.9, tolerance=0.01)


@pytest.mark.parametrize("text", ["1.1,1.2", "1.1,1.2,260,3", "wide", "1.1,1.2,0", "1.1,-1,260"])
def test_multipliers_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"allowed: WIDTH,DEPTH,RESOLUTION|greater than or equal"):
        parse_multipliers(text)


def test_multipliers_are_read_as_they_are_written_down_in_the_published_code():
    assert parse_multipliers("2.0, 3.1, 600") == Multipliers(width=2.0, depth=3.1, resolution=600)


def test_multipliers_beyond_all_networks_are_infeasible():
    with pytest.raises(InfeasibleArchitectureError, match=r"multipliers: resolution: .* 4096"):
        PAPER.multipliers(16, 1000)
