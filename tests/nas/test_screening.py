"""Screening through the search loop; proxies are stood in for by scores of the architecture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nas.database.proposals import list_proposals
from nas.database.trials import find_best_trial, list_trials
from nas.errors import TrialInfeasibleError
from nas.screening import SCORE, Round, Screening
from nas.search import SearchLoop
from nas.status import TrialStatus
from search_spaces import Architecture
from tests.nas.factories import NOON, accuracy_of, add_job, finish, new_database, run_to_the_end

SCREEN = {"proxy": "synflow", "candidates": 3}
FEW = {"blocks": 1, "filters": 2, "operations": ["identity"]}
"""Nine architectures."""


def score_of(architecture: Architecture) -> float:
    return -accuracy_of(architecture)


@dataclass
class Scoring:
    """An appraiser whose scores are of the architecture alone; `refused` has none."""

    refused: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    names = frozenset({SCORE})
    conditions = {SCORE: {"proxy": "synflow"}}  # noqa: RUF012

    def appraise(self, architecture):
        self.asked.append(architecture.content_hash)
        if architecture.content_hash in self.refused:
            raise TrialInfeasibleError("proxy 'synflow' has no score for it")
        return {SCORE: score_of(architecture)}


def new_loop(database, job_id, appraiser=None) -> SearchLoop:
    return SearchLoop(
        database,
        job_id,
        data_fingerprint="data",
        artifact_dir=Path("artifacts"),
        clock=lambda: NOON,
        appraisers=[appraiser or Scoring()],
    )


def rows_of(database, job_id):
    """Proposals without the trials' ids, which are never the same."""
    with database.read() as session:
        number_of = {trial.id: trial.number for trial in list_trials(session, job_id)}
        return [
            (p.number, p.choices, number_of.get(p.trial_id), p.told, p.reward, p.score)
            for p in list_proposals(session, job_id)
        ]


@pytest.mark.parametrize("sampler", ["random", "evolution"])
def test_best_of_each_round_is_trained_and_the_others_stay_on_record(database, sampler):
    job_id = add_job(database, trials=5, sampler=sampler, screen=SCREEN)
    tasks = run_to_the_end(new_loop(database, job_id))
    assert len(tasks) == 5
    rows = [row for row in rows_of(database, job_id) if row[5] is not None]
    trained = {number: row for row in rows if (number := row[2]) is not None}
    seen: list[tuple] = []
    for number in range(5):
        winner = trained[number]
        told_before = [row for row in rows if row[3] < winner[3] and row not in seen]
        assert len(told_before) >= 2  # the two it won against, and repeats of these
        assert all(row[2] is None and row[4] is None for row in told_before)
        assert all(row[5] <= winner[5] for row in told_before)
        seen += [*told_before, winner]
    assert len(seen) == len(rows)


def test_score_is_a_figure_of_the_trial(database):
    job_id = add_job(database, trials=2, screen=SCREEN)
    tasks = run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        for trial, task in zip(list_trials(session, job_id), tasks, strict=True):
            assert trial.figures[SCORE] == score_of(task.architecture)
            assert trial.conditions_json == {SCORE: {"proxy": "synflow"}}


@pytest.mark.parametrize(
    ("sampler", "crash_after"), [("random", 1), ("random", 8), ("rl", 5), ("model", 7)]
)
def test_job_resumed_within_a_round_goes_on_as_the_old_one_would(tmp_path, sampler, crash_after):
    database = new_database(tmp_path)
    whole = add_job(database, trials=4, sampler=sampler, screen=SCREEN, seed=1)
    run_to_the_end(new_loop(database, whole))
    cut = add_job(database, trials=4, sampler=sampler, screen=SCREEN, seed=1)

    class Crashing(Scoring):
        def appraise(self, architecture):
            if len(self.asked) == crash_after:
                raise KeyboardInterrupt
            return super().appraise(architecture)

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(new_loop(database, cut, Crashing()))
    run_to_the_end(new_loop(database, cut))
    assert rows_of(database, cut) == rows_of(database, whole)


def test_space_that_is_nearly_used_up_makes_rounds_smaller(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=20, space_options=FEW, screen={**SCREEN, "candidates": 6})
    tasks = run_to_the_end(new_loop(database, job_id))
    assert len({task.architecture.content_hash for task in tasks}) == len(tasks) == 9


def test_candidate_without_score_is_refused_and_another_takes_its_place(database):
    whole = add_job(database, trials=1, space_options=FEW, screen={**SCREEN, "candidates": 2})
    (best,) = run_to_the_end(new_loop(database, whole))
    job_id = add_job(database, trials=1, space_options=FEW, screen={**SCREEN, "candidates": 2})
    refusing = Scoring(frozenset({best.architecture.content_hash}))
    (other,) = run_to_the_end(new_loop(database, job_id, refusing))
    assert other.architecture != best.architecture


def test_starts_are_trained_without_a_round(database):
    job_id = add_job(
        database,
        trials=3,
        space="stages",
        space_options={},
        start_from=["resnet-18"],
        screen={**SCREEN, "candidates": 2},
    )
    loop = new_loop(database, job_id)
    task = loop.next_task()
    assert task is not None
    finish(loop, task)
    rows = rows_of(database, job_id)
    assert len(rows) == 1 and rows[0][2] == 0 and rows[0][5] is None
    loop.next_task()
    scored = [row for row in rows_of(database, job_id) if row[5] is not None]
    assert sorted((row[2] is None, row[3] is None) for row in scored) == [
        (False, True),  # the trial that is under way
        (True, False),  # what it won against
    ]


def test_proxy_as_evaluator_needs_no_epoch_and_rewards_the_score(database):
    job_id = add_job(database, trials=6, evaluator="proxy:naswot", sampler="evolution")
    loop = new_loop(database, job_id)
    while (task := loop.next_task()) is not None:
        assert task.epochs == 0
        loop.complete(task.trial_id)
    with database.read() as session:
        trials = list_trials(session, job_id)
        best = find_best_trial(session, job_id)
        assert best is not None
        assert all(trial.status is TrialStatus.COMPLETED for trial in trials)
        assert all(trial.accuracy is None and trial.epochs_done == 0 for trial in trials)
        assert [trial.reward for trial in trials] == [t.figures[SCORE] for t in trials]
        assert best.reward == max(t.figures[SCORE] for t in trials)


def test_proxy_trial_never_answers_one_that_is_trained(database):
    first = add_job(database, trials=3, evaluator="proxy:naswot", seed=5)
    loop = new_loop(database, first)
    while (task := loop.next_task()) is not None:
        loop.complete(task.trial_id)
    second = add_job(database, trials=3, seed=5)
    tasks = run_to_the_end(new_loop(database, second))
    assert len(tasks) == 3


def test_round_hands_out_the_best_earliest_first():
    round_ = Round[str](Screening(3))
    for key, score in (("a", 1.0), ("b", 2.0), ("c", 2.0)):
        assert round_.is_open
        round_.hold(key, score, key)
    assert not round_.is_open and "b" in round_
    assert round_.take_best() == "b"
    assert round_.take_others() == ["a", "c"]
    assert round_.is_open and len(round_) == 0


def test_one_round_for_the_whole_job_is_used_up():
    round_ = Round[str](Screening(2, once=True))
    for key, score in (("a", 1.0), ("b", 2.0)):
        round_.hold(key, score, key)
    assert [round_.take_best(), *round_.take_others(), round_.take_best()] == ["b", "a"]
    assert not round_.is_open
