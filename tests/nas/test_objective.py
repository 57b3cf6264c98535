from __future__ import annotations

import pytest

from nas.objective import ParetoObjective, SingleObjective, WeightedProduct

FIGURES = {"accuracy": 0.75, "loss": 3.0, "params": 2000.0, "latency_ms": 10.0}


def test_reward_grows_with_accuracy_and_falls_with_loss():
    assert SingleObjective("accuracy").values(FIGURES) == (0.75,)
    assert SingleObjective("loss").values(FIGURES) == (-3.0,)


def test_soft_product_is_mnasnets_equation_2():
    soft = WeightedProduct("latency_ms", 5)
    assert soft.values(FIGURES) == (pytest.approx(0.75 * 2**-0.07),)
    # Section 3.1: doubled latency for 5 % more accuracy is about as good.
    doubled = {"accuracy": 0.75 * 1.05, "latency_ms": 20.0}
    assert soft.values(doubled)[0] == pytest.approx(soft.values(FIGURES)[0], rel=1e-3)


def test_hard_product_leaves_accuracy_alone_up_to_the_target_and_cuts_it_sharply_beyond():
    hard = WeightedProduct("latency_ms", 5, alpha=0, beta=-1)
    assert hard.values(FIGURES | {"latency_ms": 5.0}) == (0.75,)
    assert hard.values(FIGURES | {"latency_ms": 1.0}) == (0.75,)
    assert hard.values(FIGURES) == (pytest.approx(0.375),)


def test_product_of_a_cost_of_nothing_is_finite():
    assert WeightedProduct("macs", 5).values({"accuracy": 0.5, "macs": 0.0})[0] < 5


def test_several_objectives_are_all_to_be_maximised():
    objective = ParetoObjective(("accuracy", "params", "loss"))
    assert objective.values(FIGURES) == (0.75, -2000.0, -3.0)
    assert objective.count == 3
