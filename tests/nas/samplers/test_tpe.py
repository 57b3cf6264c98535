from __future__ import annotations

import optuna

from nas.samplers import SAMPLERS, Proposal
from search_spaces import Decision
from tests.nas.answers import AnswersProblem

ONE = (Decision("d", tuple(range(8))),)


def told_sampler(count: int, best: int, **options):
    sampler = SAMPLERS["tpe"].create(AnswersProblem(ONE), 0, options)
    for number in range(count):
        answer = number % 8
        sampler.tell(number, Proposal({"d": answer}), float(answer == best))
    return sampler


def test_model_prefers_the_answer_that_was_good():
    sampler = told_sampler(32, best=5)
    asked = [sampler.ask(number).choices["d"] for number in range(32, 42)]
    assert asked.count(5) > 5


def test_startup_proposals_do_not_depend_on_results():
    sampler, other = (told_sampler(8, best=best, startup_trials=100) for best in (1, 6))
    assert [sampler.ask(n) for n in range(8, 20)] == [other.ask(n) for n in range(8, 20)]


def test_pending_proposals_spread_out():
    """Told that 5 is best, TPE asks for little else; pending ones make it look elsewhere."""
    one_at_a_time = told_sampler(32, best=5)
    answers = []
    for number in range(32, 56):
        proposal = one_at_a_time.ask(number)
        answers.append(proposal.choices["d"])
        one_at_a_time.tell(number, proposal, float(proposal.choices["d"] == 5))
    at_once = told_sampler(32, best=5)
    pending = [at_once.ask(number).choices["d"] for number in range(32, 56)]
    assert pending.count(5) < answers.count(5)


def test_optuna_keeps_quiet(capfd):
    told_sampler(3, best=1).ask(3)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() >= optuna.logging.WARNING
