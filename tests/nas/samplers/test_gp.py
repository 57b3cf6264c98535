from __future__ import annotations

import subprocess
import sys

from nas.samplers import SAMPLERS, Proposal
from search_spaces import Decision
from tests.nas.answers import AnswersProblem

TWO = (Decision("a", tuple(range(4))), Decision("b", ("x", "y", "z")))


def test_model_goes_for_the_answers_that_were_good_together():
    sampler = SAMPLERS["gp"].create(AnswersProblem(TWO), 0, {"deterministic": True})
    told = [(a, b) for a in range(4) for b in "xyz" if (a, b) != (2, "y")]
    for number, (a, b) in enumerate(told):
        sampler.tell(number, Proposal({"a": a, "b": b}), float(a == 2) + float(b == "y"))
    assert sampler.ask(len(told)).choices == {"a": 2, "b": "y"}


def test_pending_proposals_are_not_proposed_again():
    sampler = SAMPLERS["gp"].create(AnswersProblem(TWO), 0, {"startup_trials": 4})
    for number, (a, b) in enumerate([(0, "x"), (1, "z"), (2, "x"), (3, "y"), (2, "z")]):
        sampler.tell(number, Proposal({"a": a, "b": b}), float(a == 2) + float(b == "y"))
    asked = [frozenset(sampler.ask(number).choices.items()) for number in range(5, 9)]
    assert len(set(asked)) > 2


def test_samplers_are_listed_without_loading_torch():
    code = (
        "import sys; from nas.samplers import SAMPLERS; import nas.catalogue; "
        "import nas.samplers.gp, nas.samplers.nsga, nas.samplers.tpe, nas.samplers.cmaes; "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
