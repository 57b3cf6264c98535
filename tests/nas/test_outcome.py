from __future__ import annotations

from nas.constraint import Constraint
from nas.objective import ParetoObjective, SingleObjective
from nas.outcome import Judge


def judge(*constraints: str) -> Judge:
    return Judge(SingleObjective("accuracy"), [Constraint.parse(text) for text in constraints])


def test_sampler_is_told_the_objective_of_a_feasible_trial():
    outcome = judge("loss<=0.5").judge({"accuracy": 0.75, "loss": 0.5})
    assert outcome.values == outcome.told == (0.75,)
    assert outcome.is_feasible


def test_infeasible_trial_is_told_as_worse_than_all_before_and_by_how_much_it_misses():
    judging = judge("loss<=1")
    judging.judge({"accuracy": 0.5, "loss": 0.9})
    near = judging.judge({"accuracy": 0.875, "loss": 1.25})
    far = judging.judge({"accuracy": 0.875, "loss": 2.0})
    assert near.values == (0.875,)
    assert (near.told, far.told) == ((0.25,), (-0.5,))
    assert not near.is_feasible


def test_infeasible_trial_is_dominated_by_every_trial_before():
    judging = Judge(ParetoObjective(("accuracy", "params")), [Constraint.parse("accuracy>=0.5")])
    first = judging.judge({"accuracy": 0.75, "params": 1000})
    told = judging.judge({"accuracy": 0.25, "params": 10}).told
    assert all(mine < other for mine, other in zip(told, first.told, strict=True))
