from __future__ import annotations

import pytest

from nas.scaling.coefficients import PAPER, Coefficients, Grid
from nas.scaling.family import family_of, grid_members
from nas.scaling.multipliers import Axis
from nas.scaling.network import BaseNetwork
from nas.scaling.request import FamilyRequest
from search_spaces import InfeasibleArchitectureError
from tests.nas.scaling.factories import CELLS, b0, small_base


def test_given_multipliers_and_what_the_power_law_gives_stand_side_by_side():
    wanted = FamilyRequest.model_validate(
        {"multipliers": ["1.0,1.1,240", "1.1,1.2,260"], "compare": False}
    )
    family = family_of(b0(), wanted, PAPER)
    assert [m.figures["params"] for m in family.members] == [7_794_184, 9_109_994]
    assert [m.phi for m in family.members] == [None, None]
    assert [(m.phi, m.multipliers.resolution) for m in family.power_law] == [(1, 258), (2, 296)]
    assert family.members[0].architecture.resolution == 240
    assert family.base.architecture.resolution is None


def test_each_member_has_a_network_of_equal_macs_for_each_axis():
    wanted = FamilyRequest(phis=(1, 2), targets=("macs<=6e6",))
    family = family_of(small_base(), wanted, PAPER)
    assert [m.target for m in family.members] == [None, None, "macs<=6e+06"]
    for axis in Axis:
        for member, compared in zip(family.members, family.comparisons[axis], strict=True):
            assert compared.phi == member.phi
            macs = member.figures["macs"]
            assert compared.figures["macs"] == pytest.approx(macs, rel=0.13)
    trained = list(family.to_train())
    assert trained[0] is family.base
    assert len(trained) == 1 + 3 * 4


def test_networks_that_cannot_be_say_why_and_are_not_trained():
    family = family_of(small_base(), FamilyRequest(phis=(1, 16)), PAPER)
    assert family.members[1].error is not None
    assert family.members[1].architecture is None
    assert all(family.comparisons[axis][1].error for axis in Axis)
    assert len(list(family.to_train())) == 1 + 4


def test_grid_keeps_the_first_of_coefficients_whose_networks_are_equal():
    by_eights = grid_members(BaseNetwork(CELLS, (1, 4, 4), 10, divisor=8), Grid())
    architectures = [member.architecture for _, member in by_eights]
    assert len(set(architectures)) == len(architectures) < len(Grid().coefficients())
    assert by_eights[0][0] == Coefficients(alpha=1, beta=1, gamma=1.4)


def test_base_that_resizes_images_is_scaled_from_its_own_resolution():
    base = BaseNetwork(CELLS.model_copy(update={"resolution": 12}), (1, 8, 8), 10, divisor=1)
    assert base.identity.resolution == 12
    scaled = base.scaled(PAPER.multipliers(1, base.resolution))
    assert scaled.resolution == 14
    back = base.scaled(base.identity.model_copy(update={"resolution": 8}))
    assert back == CELLS.canonical()  # images as they come need no resizing


def test_base_without_a_network_is_infeasible():
    with pytest.raises(InfeasibleArchitectureError):
        _ = BaseNetwork(b0().architecture, (3, 10**5, 10**5), 10).figures
