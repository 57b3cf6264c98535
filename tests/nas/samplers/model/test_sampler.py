from __future__ import annotations

import numpy as np
import pytest

from nas.samplers import SAMPLERS, Proposal
from nas.samplers.model import sampler as model
from search_spaces import Decision
from tests.nas.answers import AnswersProblem

LETTERS = tuple("abcd")
FIVE = AnswersProblem(tuple(Decision(f"d{number}", LETTERS) for number in range(5)))
"""1,024 candidates, all of them known to the model."""


def asked_after(rewards: list[float]) -> list[dict]:
    """Tell these rewards of candidates that consist of `a` and `b`, then ask twice."""
    sampler = SAMPLERS["model"].create(FIVE, 0, {})
    for number, reward in enumerate(rewards):
        digits = np.base_repr(number, 2).zfill(5)
        choices = {f"d{i}": LETTERS[int(digit)] for i, digit in enumerate(digits)}
        sampler.tell(number, Proposal(choices), reward)
    return [sampler.ask(len(rewards) + number).choices for number in range(2)]


def test_search_that_is_stuck_proposes_what_is_unlike_all_that_is_known(monkeypatch):
    monkeypatch.setattr(model, "EXPLORING_SHARE", 1.0)
    first, second = asked_after([1.0 - number / 100 for number in range(1 + model.PATIENCE)])
    assert not set("ab") & {*first.values(), *second.values()}
    assert sum(first[name] == second[name] for name in first) <= 2


def test_search_that_gets_on_does_not_explore(monkeypatch):
    getting_on = [0.5 + number / 100 for number in range(1 + model.PATIENCE)]
    asked = asked_after(getting_on)
    monkeypatch.setattr(model, "EXPLORING_SHARE", 1.0)
    assert asked_after(getting_on) == asked
    monkeypatch.setattr(model, "EXPLORING_SHARE", 0.0)
    assert asked_after(getting_on) == asked


def test_improvement_counts_the_noise_of_a_result():
    sampler = SAMPLERS["model"].create(FIVE, 0, {})
    rng = np.random.default_rng(0)
    told = rng.choice(len(sampler._table), 30, replace=False)
    rewards = rng.normal(size=30)
    sampler._surrogate.fit(told, rewards.tolist())
    posterior = sampler._surrogate.condition(0, told, rewards.tolist(), np.array([], np.intp))
    rows = np.arange(200)
    mean, _ = posterior.predict(sampler._surrogate.views(rows))
    drawn = mean[:, None] + rng.normal(0, posterior.process.noise, (200, 4000))
    least = np.maximum(drawn - posterior.best, 0).mean(axis=1)
    gains = sampler._expected_improvement(posterior, rows)
    assert (gains > 0.8 * least).all()
    assert gains.sum() == pytest.approx(max(gains.sum(), least.sum()))
