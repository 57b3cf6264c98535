"""Searches whose trials are stopped early, through the search loop."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from nas.database.trials import find_best_trial, list_metrics, list_trials
from nas.errors import InvalidInputError
from nas.evaluation import TrialTask
from nas.job import JobSpec, parse_job_spec
from nas.samplers import SAMPLERS
from nas.search import SearchLoop
from nas.status import TrialStatus
from tests.nas.answers import AnswersProblem
from tests.nas.factories import (
    SEPARABLE_DECISIONS,
    accuracy_of,
    add_job,
    new_database,
    new_loop,
    new_report,
    new_spec,
    separable_reward,
)
from tests.nas.schedulers.curves import run_alone
from tests.nas.test_job import REQUEST
from tests.nas.test_search import proposals_of, trials_of

EPOCHS = 9
ASHA = {"name": "asha", "reduction_factor": 3}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the tables hold on either kind is tested with the migrations."""
    return f"sqlite:///{tmp_path / 'nas.db'}"


def fidelity_spec(**changes) -> JobSpec:
    return new_spec(**{"epochs": EPOCHS, "trials": 14, "scheduler": ASHA} | changes)


def value_at(task: TrialTask, epoch: int) -> float:
    """Rise towards the architecture's accuracy."""
    return accuracy_of(task.architecture) * (1 - math.exp(-0.4 * epoch))


def evaluate(loop: SearchLoop, task: TrialTask, *, until: int = EPOCHS) -> bool:
    """Report a task's epochs until it is pruned or `until`; complete it at its last."""
    for epoch in range(task.epochs_recorded + 1, until + 1):
        if not loop.report(task.trial_id, new_report(epoch, value_at(task, epoch))):
            return False
    if until == task.epochs:
        loop.complete(task.trial_id)
    return True


def run_all(loop: SearchLoop) -> None:
    while (task := loop.next_task()) is not None:
        evaluate(loop, task)


def test_pruned_trial_keeps_what_it_did_and_says_why(database):
    job_id = add_job(database, fidelity_spec())
    run_all(new_loop(database, job_id))
    trials = trials_of(database, job_id)
    assert len(trials) == 14
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED, TrialStatus.PRUNED}
    for trial in trials:
        with database.read() as session:
            assert len(list_metrics(session, trial.id)) == trial.epochs_done
        epochs = [rung["epoch"] for rung in trial.rungs]
        assert epochs == [epoch for epoch in (1, 3) if epoch <= trial.epochs_done]
        if trial.status is TrialStatus.PRUNED:
            last = trial.rungs[-1]
            assert trial.epochs_done == last["epoch"] < trial.budget == EPOCHS
            assert trial.reward == trial.accuracy == last["value"] < last["cutoff"]
            assert trial.error == (
                f"not among the best 1 in 3 at the rung of epoch {last['epoch']}: "
                f"{last['value']:.4f}, cutoff {last['cutoff']:.4f}"
            )
            assert trial.finished_at is not None
        else:
            assert trial.epochs_done == EPOCHS and trial.error is None
    with database.read() as session:
        best = find_best_trial(session, job_id)
    assert best.status is TrialStatus.COMPLETED


BY_TRAIN_LOSS = {**ASHA, "signal": "train_loss"}


def report_losses(loop: SearchLoop, losses: dict[str, float], epoch: int) -> dict[str, bool]:
    """Report an epoch of trials that differ in their training loss alone; say which go on."""
    return {
        trial: loop.report(trial, replace(new_report(epoch, 0.5), train_loss=loss))
        for trial, loss in losses.items()
    }


def test_scheduler_told_to_compare_training_losses_stops_the_highest(database):
    job_id = add_job(database, fidelity_spec(scheduler=BY_TRAIN_LOSS, trials=3))
    loop = new_loop(database, job_id)
    low, high, lower = (loop.next_task().trial_id for _ in range(3))
    goes_on = report_losses(loop, {low: 1.25, high: 2.5, lower: 0.75}, epoch=1)
    assert goes_on == {low: True, high: False, lower: True}
    stopped = next(trial for trial in trials_of(database, job_id) if trial.id == high)
    assert stopped.rungs == [{"epoch": 1, "value": -2.5, "cutoff": -1.25}]
    assert stopped.reward == stopped.accuracy == 0.5


def test_loop_made_anew_remembers_the_training_losses(database):
    job_id = add_job(database, fidelity_spec(scheduler=BY_TRAIN_LOSS, trials=2))
    first = new_loop(database, job_id)
    low, high = (first.next_task().trial_id for _ in range(2))
    report_losses(first, {low: 1.25}, epoch=1)
    assert report_losses(new_loop(database, job_id), {high: 2.5}, epoch=1) == {high: False}


def test_pruned_trial_is_never_best_however_high_its_reward(database):
    job_id = add_job(database, fidelity_spec(trials=2))
    loop = new_loop(database, job_id)
    first, second = loop.next_task(), loop.next_task()
    loop.report(first.trial_id, new_report(1, 0.95))
    assert not loop.report(second.trial_id, new_report(1, 0.9))
    for epoch in range(2, EPOCHS + 1):
        loop.report(first.trial_id, new_report(epoch, 0.3))
    loop.complete(first.trial_id)
    with database.read() as session:
        assert find_best_trial(session, job_id).id == first.trial_id


def test_report_of_a_pruned_trial_changes_nothing(database):
    job_id = add_job(database, fidelity_spec())
    loop = new_loop(database, job_id)
    good, bad = loop.next_task(), loop.next_task()
    assert loop.report(good.trial_id, new_report(1, 0.9))
    assert not loop.report(bad.trial_id, new_report(1, 0.1))
    assert not loop.report(bad.trial_id, new_report(1, 0.1))
    assert not loop.report(bad.trial_id, new_report(2, 0.99))
    trial = trials_of(database, job_id)[1]
    assert (trial.status, trial.epochs_done, trial.accuracy) == (TrialStatus.PRUNED, 1, 0.1)


def test_loss_is_judged_as_what_is_to_be_small(database):
    job_id = add_job(database, fidelity_spec(objective="loss"))
    loop = new_loop(database, job_id)
    good, bad = loop.next_task(), loop.next_task()
    loop.report(good.trial_id, new_report(1, 0.9))
    assert not loop.report(bad.trial_id, new_report(1, 0.1))
    trial = trials_of(database, job_id)[1]
    assert trial.rungs == [{"epoch": 1, "value": -0.9, "cutoff": pytest.approx(-0.1)}]


def drive(database, job_id: str, *, killed: bool) -> None:
    """Search two trials at a time; a killed loop is thrown away in the middle of many trials."""
    loop = new_loop(database, job_id)
    turn = 0
    while True:
        tasks = [task for task in (loop.next_task(), loop.next_task()) if task is not None]
        if not tasks:
            return
        for place, task in enumerate(tasks):
            turn += 1
            stop_at = 1 + turn % 5  # at a rung, before one and after one
            if not evaluate(loop, task, until=stop_at):
                continue
            if killed and turn % 3:
                loop = new_loop(database, job_id)
                again = [loop.next_task() for _ in tasks[place:]]
                assert again[0].trial_id == task.trial_id
                assert again[0].epochs_recorded == stop_at
                tasks[place:] = again
                task = again[0]
            for epoch in range(stop_at + 1, EPOCHS + 1):
                if not loop.report(task.trial_id, new_report(epoch, value_at(task, epoch))):
                    break
            else:
                loop.complete(task.trial_id)


@pytest.mark.parametrize(
    ("scheduler", "sampler"),
    [("asha", "tpe"), ("hyperband", "random"), ("median", "random"), ("extrapolation", "random")],
)
def test_killed_job_makes_the_same_decisions_as_one_that_lived(tmp_path, scheduler, sampler):
    records = []
    for killed in (False, True):
        directory = tmp_path / str(killed)
        directory.mkdir()
        database = new_database(directory)
        job_id = add_job(database, fidelity_spec(scheduler=scheduler, sampler=sampler))
        drive(database, job_id, killed=killed)
        decided = [
            (t.number, t.architecture_hash, t.status, t.epochs_done, t.rungs, t.error, t.reward)
            for t in trials_of(database, job_id)
        ]
        records.append((decided, proposals_of(database, job_id)))
        database.close()
    assert records[0] == records[1]
    assert any(status is TrialStatus.PRUNED for _, _, status, *_ in records[0][0])


def test_cached_evaluation_is_completed_and_takes_its_place_in_the_rungs(database):
    whole = add_job(database, fidelity_spec(scheduler=None, trials=1))
    loop = new_loop(database, whole)
    task = loop.next_task()
    for epoch in range(1, EPOCHS + 1):
        loop.report(task.trial_id, new_report(epoch, 0.9))
    loop.complete(task.trial_id)
    for resumed in (False, True):
        job_id = add_job(database, fidelity_spec(name=str(resumed)))
        loop = new_loop(database, job_id)
        following = loop.next_task()
        cached = trials_of(database, job_id)[0]
        assert (cached.status, cached.cached_from) == (TrialStatus.COMPLETED, task.trial_id)
        if resumed:
            loop = new_loop(database, job_id)
            following = loop.next_task()
        assert not loop.report(following.trial_id, new_report(1, 0.5))
        assert trials_of(database, job_id)[1].rungs[0]["cutoff"] == 0.9


def test_pruned_evaluation_is_not_taken_as_an_answer(database):
    run_all(new_loop(database, add_job(database, fidelity_spec())))
    job_id = add_job(database, fidelity_spec(scheduler=None))
    loop = new_loop(database, job_id)
    while (task := loop.next_task()) is not None:
        evaluate(loop, task)
    assert all(t.status is TrialStatus.COMPLETED for t in trials_of(database, job_id))
    assert any(t.cached_from is None for t in trials_of(database, job_id))


def mean_reward_under_asha(name: str, *, asks: int = 50, last: int = 20) -> float:
    """Search a landscape where each decision counts by itself; average the last final values.

    The sampler is told what the search loop would tell it: the final value of a trial that was
    trained in full, and the value at its rung of one that was stopped.
    """
    sampler = SAMPLERS[name].create(AnswersProblem(SEPARABLE_DECISIONS[:4]), 0, {})
    scheduler = parse_job_spec(REQUEST | {"epochs": EPOCHS, "scheduler": ASHA}).new_scheduler()
    finals = []
    for number in range(asks):
        proposal = sampler.ask(number)
        finals.append(separable_reward(proposal.choices))
        curve = [finals[-1] * (1 - math.exp(-0.4 * epoch)) for epoch in range(1, EPOCHS + 1)]
        judgements = run_alone(scheduler, number, curve)
        stopped = bool(judgements) and judgements[-1].stops
        sampler.tell(number, proposal, curve[judgements[-1].epoch - 1 if stopped else -1])
    return sum(finals[-last:]) / last


@pytest.mark.parametrize("name", ["model", "evolution", "tpe", "rl"])
def test_sampler_learns_from_trials_that_were_stopped(name):
    assert mean_reward_under_asha(name) > mean_reward_under_asha("random") + 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scheduler": "luck"}, "scheduler: no scheduler 'luck'; known: asha, extrapolation, hyp"),
        ({"scheduler": {"min_epochs": 1}}, "scheduler.name: Field required"),
        ({"scheduler": {"name": 3}}, "scheduler.name: Input should be a valid string"),
        ({"scheduler": 3}, "scheduler: Input should be .*got 3"),
        ({"scheduler": {"name": "asha", "colour": 1}}, "scheduler: of scheduler 'asha': colour: "),
        (
            {"scheduler": {"name": "asha", "reduction_factor": 1}},
            "of scheduler 'asha': reduction_factor: .*greater than 1",
        ),
        (
            {"epochs": 1, "scheduler": "asha"},
            "scheduler: min_epochs is 1 and a trial has 1 epochs, allowed: fewer",
        ),
        (
            {"objective": ["accuracy", "params"], "scheduler": "asha"},
            "scheduler: got 'asha' with 2 objectives, allowed: one objective",
        ),
        (
            {"scheduler": {"name": "asha", "signal": "luck"}},
            "signal: Input should be 'objective' or 'train_loss'",
        ),
        (
            {
                "objective": "accuracy*(params/1e5)^-0.07",
                "scheduler": {"name": "asha", "signal": "train_loss"},
            },
            "scheduler.signal: got 'train_loss' with an objective of accuracy, params, allowed: ",
        ),
        (
            {
                "hyperparameters": {"augmentation.cutout": [0, 2]},
                "scheduler": {"name": "asha", "signal": "train_loss"},
            },
            "scheduler.signal: got 'train_loss' with hyperparameter 'augmentation.cutout', allowed",
        ),
    ],
)
def test_bad_scheduler_is_named_with_what_is_allowed(change, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_job_spec(REQUEST | change)


def test_scheduler_is_stored_with_all_its_options():
    spec = parse_job_spec(REQUEST | {"scheduler": "asha"})
    assert spec.model_dump(mode="json")["scheduler"] == {
        "name": "asha",
        "min_epochs": 1,
        "signal": "objective",
        "reduction_factor": 3.0,
    }
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


def test_job_without_a_scheduler_trains_every_trial_in_full(database):
    job_id = add_job(database, fidelity_spec(scheduler=None, trials=3))
    run_all(new_loop(database, job_id))
    assert [t.epochs_done for t in trials_of(database, job_id)] == [EPOCHS] * 3
    with database.read() as session:
        assert all(t.rungs == [] for t in list_trials(session, job_id))
