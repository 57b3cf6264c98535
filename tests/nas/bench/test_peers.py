from __future__ import annotations

import math

import pytest

from nas.bench.peers.base import Peer, SearchOverError, arising, search
from nas.bench.peers.registry import PEERS, PeerEntry
from nas.bench.problem import TableProblem
from nas.bench.table import load_table
from search_spaces import Condition, Decision


@pytest.fixture(scope="module")
def problem() -> TableProblem:
    return TableProblem(load_table("nb201"))


@pytest.mark.parametrize("entry", PEERS.values(), ids=PEERS)
def test_peer_searches_the_same_table(problem, entry):
    if not entry.is_installed:
        pytest.skip(f"{entry.distribution} is not installed")
    run = search(problem, entry.create(problem, 0), 12)
    assert len(run.regrets) == 12
    assert run.regrets[-1] <= run.regrets[0]
    assert math.isfinite(run.regrets[-1])


def test_peer_is_given_its_seed(problem):
    first, again, other = (
        search(problem, PEERS["optuna-tpe"].create(problem, seed), 12).regrets for seed in (0, 0, 1)
    )
    assert first == again != other


class _Repeating(Peer):
    """Proposes the same row over and over, or gives up after some."""

    gives_up_after = 10**9

    def ask(self):
        if self.gives_up_after == 0:
            raise SearchOverError
        self.gives_up_after -= 1
        return {decision.name: decision.choices[0] for decision in self.decisions}

    def tell(self, value):
        self.value = value


def test_peer_that_repeats_itself_is_ended(problem):
    run = search(problem, _Repeating(problem.space.decisions, 0), 5)
    assert len(run.regrets) == 1
    assert run.asks == 100


def test_peer_may_give_up(problem):
    peer = _Repeating(problem.space.decisions, 0)
    peer.gives_up_after = 3
    assert search(problem, peer, 5).asks == 3


def test_answers_to_what_is_not_asked_fall_away():
    decisions = (
        Decision("kind", ("plain", "wide")),
        Decision("width", (1, 2), (Condition("kind", frozenset({"wide"})),)),
    )
    assert arising(decisions, {"kind": "plain", "width": 2}) == {"kind": "plain"}
    assert arising(decisions, {"kind": "wide", "width": 2}) == {"kind": "wide", "width": 2}


def test_peer_without_its_package_is_not_installed():
    assert not PeerEntry("x", "no_such_module", "nothing", "nowhere:X").is_installed
