from __future__ import annotations

import math

import pytest
import torch

from nas.samplers.rl.controller import AnchorAttention, Controller
from nas.samplers.rl.steps import DecisionPlan
from search_spaces import Decision, create_space
from search_spaces.variation import every_choices
from tests.nas.factories import CONDITIONAL_DECISIONS
from tests.nas.samplers.rl.factories import all_answers

TWO_LAYERS = create_space("chain", {"layers": 3, "filters": [24], "filter_widths": [3]}).decisions
ONE_BLOCK = create_space("cell", {"blocks": 1, "operations": ["identity", "conv_1x1"]}).decisions


def controller_for(decisions: tuple[Decision, ...], **settings) -> Controller:
    torch.manual_seed(0)
    settings = {"hidden_size": 8, "temperature": 1.0, "tanh_constant": 2.5} | settings
    return Controller(DecisionPlan(decisions), **settings)


def rows_of(controller: Controller, answers: list) -> torch.Tensor:
    return torch.tensor([controller.plan.encode(each) for each in answers])


@torch.no_grad()
def probabilities(controller: Controller, answers: list) -> torch.Tensor:
    return controller.score(rows_of(controller, answers)).log_probability.exp()


@pytest.mark.parametrize("settings", [{}, {"temperature": 3.0}, {"tanh_constant": None}])
@pytest.mark.parametrize("decisions", [CONDITIONAL_DECISIONS, TWO_LAYERS, ONE_BLOCK])
def test_probabilities_of_all_answers_add_up_to_one(decisions, settings):
    answers = every_choices(decisions)
    assert len(answers) > 20
    total = probabilities(controller_for(decisions, **settings), answers).sum()
    assert float(total) == pytest.approx(1.0, abs=1e-4)


def test_scores_do_not_depend_on_what_else_is_in_the_batch():
    controller = controller_for(CONDITIONAL_DECISIONS)
    answers = all_answers()
    together = controller.score(rows_of(controller, answers))
    for i, each in enumerate(answers):
        alone = controller.score(rows_of(controller, [each]))
        assert torch.allclose(alone.log_probability, together.log_probability[i : i + 1])
        assert torch.allclose(alone.entropy, together.entropy[i : i + 1])


def test_scores_of_drawn_answers_are_those_of_the_draw():
    controller = controller_for(CONDITIONAL_DECISIONS)
    drawn = controller.sample(30, torch.Generator().manual_seed(0))
    scored = controller.score(drawn.answers)
    assert torch.allclose(drawn.log_probability, scored.log_probability, atol=1e-6)
    assert torch.allclose(drawn.entropy, scored.entropy, atol=1e-6)


def test_answers_are_drawn_as_often_as_their_probability_says():
    controller = controller_for((Decision("d", ("a", "b", "c")),), tanh_constant=None)
    with torch.no_grad():
        controller.heads["0"].bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    drawn = controller.sample(4000, torch.Generator().manual_seed(0)).answers[:, 0]
    expected = probabilities(controller, [{"d": answer} for answer in "abc"])
    found = torch.bincount(drawn, minlength=3) / 4000
    assert found.tolist() == pytest.approx(expected.tolist(), abs=0.03)


def test_flattened_draws_are_closer_to_uniform_and_know_their_own_probability():
    controller = controller_for((Decision("d", (0, 1)),), tanh_constant=None)
    with torch.no_grad():
        controller.heads["0"].bias.copy_(torch.tensor([0.0, 6.0]))
    drawn = controller.sample(2000, torch.Generator().manual_seed(0), flattening=6.0)
    share = float(drawn.answers.float().mean())
    sigmoid = float(drawn.log_probability[drawn.answers[:, 0] == 1][0].exp())
    assert share == pytest.approx(1 / (1 + math.exp(-1)), abs=0.05)
    assert share == pytest.approx(sigmoid, abs=0.03)


def test_tanh_constant_bounds_the_logits_and_temperature_flattens_them():
    def spread(**settings) -> float:
        controller = controller_for((Decision("d", (0, 1)),), hidden_size=4, **settings)
        with torch.no_grad():
            controller.heads["0"].bias.copy_(torch.tensor([-50.0, 50.0]))
        low, high = probabilities(controller, [{"d": 0}, {"d": 1}]).log().tolist()
        return high - low

    assert spread() == pytest.approx(5.0, abs=1e-4)
    assert spread(tanh_constant=None, temperature=2.0) == pytest.approx(50, abs=1)
    assert spread(temperature=100.0, tanh_constant=None) < 2


def test_skip_connection_has_the_probability_of_the_papers_sigmoid():
    """Zoph & Le (2017), section 3.3: sigmoid(v^T tanh(W_prev h_j + W_curr h_i))."""
    torch.manual_seed(0)
    attention = AnchorAttention(3, 8)
    current, first, second = torch.randn(3, 8)
    logits = attention(
        current[None], [first[None], second[None], torch.zeros(1, 8)], ((None, 0), (None, 1))
    )
    for j, anchor in enumerate((first, second)):
        inner = attention.previous.weight @ anchor + attention.current.weight @ current
        expected = torch.sigmoid(attention.score.weight[0] @ torch.tanh(inner))
        assert torch.allclose(logits[0, j].softmax(0)[1], expected, atol=1e-6)


def test_choice_among_parts_depends_on_what_was_decided_about_them():
    decisions = create_space(
        "cell", {"blocks": 2, "operations": ["identity", "conv_1x1"]}
    ).decisions
    controller = controller_for(decisions, hidden_size=16)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter.mul_(8)
    chosen = dict.fromkeys((decision.name for decision in decisions), 0)
    seen = []
    for operation in ("identity", "conv_1x1"):
        answers = {
            name: operation if name == "normal.block0.operation1" else "identity"
            for name in chosen
            if "operation" in name
        } | {name: 0 for name in chosen if "input" in name}
        walk = controller.score(rows_of(controller, [answers]))
        position = [decision.name for decision in decisions].index("normal.block1.input0")
        seen.append(walk.distributions[position][0])
    assert not torch.allclose(*seen, atol=1e-3)
