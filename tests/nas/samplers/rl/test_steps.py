from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.samplers.rl.steps import NOT_ASKED, DecisionPlan
from search_spaces import create_space
from search_spaces.variation import draw_choices
from tests.nas.factories import CONDITIONAL_DECISIONS
from tests.nas.samplers.rl.factories import all_answers

PLANS = {
    space: DecisionPlan(create_space(space).decisions)
    for space in ("cell", "chain", "stages", "nasbench201")
}


@given(space=st.sampled_from(sorted(PLANS)), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_answers_come_back_from_their_numbers(space, seed):
    plan = PLANS[space]
    choices = draw_choices(plan.decisions, np.random.default_rng(seed))
    assert plan.decode(plan.encode(choices)) == choices


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_steps_taken_answer_exactly_the_decisions_that_arise(seed):
    plan = PLANS["stages"]
    choices = draw_choices(plan.decisions, np.random.default_rng(seed))
    rows = torch.tensor([plan.encode(choices)])
    answered = []
    for step in plan.steps:
        arises = plan.arises(step, rows)
        if arises is None or bool(arises[0]):
            answered += [plan.decisions[position].name for position in step.decisions]
    assert answered == list(choices)


def test_step_is_taken_where_its_decision_arises():
    plan = DecisionPlan(CONDITIONAL_DECISIONS)
    rows = torch.tensor([plan.encode(answers) for answers in all_answers()])
    for position, step in enumerate(plan.steps):
        arises = plan.arises(step, rows)
        expected = rows[:, position] != NOT_ASKED
        assert expected.all() if arises is None else torch.equal(arises, expected)


def test_layer_settles_all_its_skip_connections_in_one_step():
    plan = DecisionPlan(create_space("chain", {"layers": 4}).decisions)
    skips = [step for step in plan.steps if step.sources]
    assert [len(step.decisions) for step in skips] == [1, 2, 3]
    layer = plan.parts["layer3"]
    earlier = [plan.parts[f"layer{i}"] for i in range(3)]
    assert (skips[2].part, skips[2].sources) == (layer, tuple((None, part) for part in earlier))


def test_block_of_a_cell_chooses_among_the_cells_inputs_and_earlier_blocks():
    plan = DecisionPlan(create_space("cell", {"blocks": 2}).decisions)
    names = {number: name for name, number in plan.parts.items()}
    inputs = [step for step in plan.steps if step.sources]
    assert len(inputs) == 8 and all(len(step.decisions) == 1 for step in inputs)
    assert [names[part] for part in inputs[6].sources[0]] == [
        "reduction.before last",
        "reduction.last",
        "reduction.block0",
    ]
    assert names[inputs[6].part] == "reduction.block1"
