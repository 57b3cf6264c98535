from __future__ import annotations

import re

import pytest

from nas.database.jobs import find_or_raise_job
from nas.database.proposals import list_proposals
from nas.database.trials import list_metrics, list_trials
from nas.errors import ConflictError, NotFoundError
from nas.evaluation import TrialTask
from nas.search import PROPOSALS_PER_TRIAL, UNIFORM_PROPOSALS_PER_TRIAL, SearchLoop
from nas.status import TrialStatus
from search_spaces import create_space, parse_architecture
from search_spaces.case_studies import find_or_raise_case_study
from tests.nas.factories import (
    NOON,
    accuracy_of,
    add_job,
    finish,
    new_database,
    new_loop,
    new_report,
    new_spec,
    run_to_the_end,
)

ONE_OPERATION = {"blocks": 1, "filters": 2, "operations": ["identity"]}
"""Three cells differ (both inputs, one twice, the other twice), hence nine architectures."""


def trials_of(database, job_id):
    with database.read() as session:
        return list(list_trials(session, job_id))


def proposals_of(database, job_id):
    """What was proposed and told, without the trials' ids, which are never the same."""
    with database.read() as session:
        number_of = {trial.id: trial.number for trial in list_trials(session, job_id)}
        return [
            (row.number, row.choices, row.info, number_of.get(row.trial_id), row.told, row.reward)
            for row in list_proposals(session, job_id)
        ]


def architectures_of(tasks: list[TrialTask]) -> list[str]:
    return [task.architecture.content_hash for task in tasks]


@pytest.mark.parametrize("sampler", ["random", "rl", "tpe"])
def test_job_gets_exactly_its_trials_each_recorded(database, sampler):
    job_id = add_job(database, sampler=sampler, trials=8, epochs=2)
    tasks = run_to_the_end(new_loop(database, job_id))
    trials = trials_of(database, job_id)
    assert [task.number for task in tasks] == [trial.number for trial in trials] == list(range(8))
    assert len(set(architectures_of(tasks))) == 8
    for task, trial in zip(tasks, trials, strict=True):
        assert trial.status is TrialStatus.COMPLETED
        assert parse_architecture(trial.architecture_json) == task.architecture
        assert trial.reward == trial.accuracy == accuracy_of(task.architecture)
        assert (trial.epochs_done, trial.train_seconds) == (2, 0.5)
        assert trial.started_at == trial.finished_at == NOON
        assert trial.params > 0 and trial.macs > 0
    with database.read() as session:
        metrics = list_metrics(session, trials[0].id)
    assert [metric.epoch for metric in metrics] == [1, 2]


def test_loss_objective_rewards_low_loss(database):
    job_id = add_job(database, trials=2, objective="loss")
    run_to_the_end(new_loop(database, job_id))
    assert all(trial.reward == -trial.loss for trial in trials_of(database, job_id))


def test_repeated_architecture_is_told_but_not_evaluated_again(database):
    job_id = add_job(database, trials=9, space_options=ONE_OPERATION)
    tasks = run_to_the_end(new_loop(database, job_id))
    assert len(set(architectures_of(tasks))) == len(tasks) == 9
    proposals = proposals_of(database, job_id)
    assert len(proposals) > 9
    reward_of = {trial.number: trial.reward for trial in trials_of(database, job_id)}
    for _, _, _, trial, told, reward in proposals:
        assert told is not None
        assert reward == reward_of[trial]
    told_in_order = sorted(told for *_, told, _ in proposals)
    assert told_in_order == list(range(len(proposals)))


def test_repeat_of_a_trial_under_way_is_told_when_that_ends(database):
    job_id = add_job(database, trials=9, space_options=ONE_OPERATION)
    loop = new_loop(database, job_id)
    tasks = [loop.next_task() for _ in range(9)]
    waiting = [p for p in proposals_of(database, job_id) if p[4] is None]
    assert len(waiting) == len(proposals_of(database, job_id)) > 9
    for task in reversed(tasks):
        finish(loop, task)
    proposals = proposals_of(database, job_id)
    assert sorted(told for *_, told, _ in proposals) == list(range(len(proposals)))
    assert all(reward is not None for *_, reward in proposals)


def test_search_ends_when_the_space_is_used_up(database):
    job_id = add_job(database, trials=50, space_options=ONE_OPERATION)
    loop = new_loop(database, job_id)
    assert len(run_to_the_end(loop)) == 9
    assert loop.next_task() is None
    assert len(trials_of(database, job_id)) == 9
    assert new_loop(database, job_id).next_task() is None


def test_equal_evaluation_of_another_job_answers_without_a_task(database):
    first = add_job(database, trials=4, epochs=2)
    done = run_to_the_end(new_loop(database, first))
    second = add_job(database, trials=6, epochs=2, name="again")
    tasks = run_to_the_end(new_loop(database, second))
    assert len(done) == 4 and len(tasks) == 2
    originals, copies = trials_of(database, first), trials_of(database, second)[:4]
    for original, copied in zip(originals, copies, strict=True):
        assert copied.cached_from == original.id
        assert copied.status is TrialStatus.COMPLETED
        assert copied.architecture_hash == original.architecture_hash
        assert (copied.reward, copied.epochs_done) == (original.reward, 2)
        with database.read() as session:
            assert [m.epoch for m in list_metrics(session, copied.id)] == [1, 2]
    third = add_job(database, trials=1, epochs=2)
    new_loop(database, third).next_task()
    assert trials_of(database, third)[0].cached_from == originals[0].id


@pytest.mark.parametrize(
    "changes", [{"epochs": 3}, {"seed": 1}, {"recipe": {"batch_size": 32}}, {"data": "other"}]
)
def test_evaluation_that_differs_in_anything_is_made_anew(database, changes):
    run_to_the_end(new_loop(database, add_job(database, space_options=ONE_OPERATION, trials=9)))
    changes = dict(changes)
    data = changes.pop("data", "data")
    job_id = add_job(database, space_options=ONE_OPERATION, trials=2, **changes)
    assert len(run_to_the_end(new_loop(database, job_id, data=data))) == 2


def test_only_architectures_within_the_constraints_are_evaluated(database):
    options = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]}
    unbounded = add_job(database, trials=10, space_options=options)
    run_to_the_end(new_loop(database, unbounded))
    sizes = sorted(trial.params for trial in trials_of(database, unbounded))
    bound = sizes[4]
    job_id = add_job(
        database, trials=4, space_options=options, constraints=[f"params<={bound}"], seed=1
    )
    assert len(run_to_the_end(new_loop(database, job_id))) == 4
    assert all(trial.params <= bound for trial in trials_of(database, job_id))
    rejected = [p for p in proposals_of(database, job_id) if p[3] is None]
    assert rejected
    assert all(told is not None and reward is None for *_, told, reward in rejected)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_constraint_that_nothing_meets_ends_in_infeasible_trials(database, sampler):
    job_id = add_job(
        database, sampler=sampler, trials=2, space_options=ONE_OPERATION, constraints=["params<1"]
    )
    assert run_to_the_end(new_loop(database, job_id)) == []
    trials = trials_of(database, job_id)
    assert [trial.status for trial in trials] == [TrialStatus.INFEASIBLE] * 2
    assert trials[0].error == (f"constraint params<1 is not met: params is {trials[0].params}")
    proposals = proposals_of(database, job_id)
    assert len(proposals) <= 2 * (PROPOSALS_PER_TRIAL + UNIFORM_PROPOSALS_PER_TRIAL)
    assert [told for *_, told, _ in proposals] == list(range(len(proposals)))
    assert {trial for _, _, _, trial, _, _ in proposals} == {None, 0, 1}
    assert new_loop(database, job_id).next_task() is None


def test_repeated_report_changes_nothing(database):
    job_id = add_job(database, trials=1, epochs=2)
    loop = new_loop(database, job_id)
    task = loop.next_task()
    loop.report(task.trial_id, new_report(1, 0.25))
    loop.report(task.trial_id, new_report(1, 0.75))
    loop.report(task.trial_id, new_report(2, 0.5))
    loop.report(task.trial_id, new_report(1, 0.75))
    loop.complete(task.trial_id)
    (trial,) = trials_of(database, job_id)
    assert (trial.epochs_done, trial.accuracy, trial.train_seconds) == (2, 0.5, 0.5)
    with database.read() as session:
        assert [m.accuracy for m in list_metrics(session, trial.id)] == [0.25, 0.5]


@pytest.mark.parametrize("status", [TrialStatus.FAILED, TrialStatus.INFEASIBLE])
def test_failed_trial_keeps_its_reason_and_the_sampler_is_told_none(database, status):
    job_id = add_job(database, trials=2, sampler="rl")
    loop = new_loop(database, job_id)
    loop.fail(loop.next_task().trial_id, status, "diverged")
    (trial,) = trials_of(database, job_id)
    assert (trial.status, trial.error, trial.reward) == (status, "diverged", None)
    *_, told, reward = proposals_of(database, job_id)[0]
    assert (told, reward) == (0, None)
    assert loop.next_task().number == 1


def test_failed_evaluation_is_not_taken_as_an_answer(database):
    loop = new_loop(database, add_job(database, trials=1))
    loop.fail(loop.next_task().trial_id, TrialStatus.FAILED, "worker died")
    assert new_loop(database, add_job(database, trials=1)).next_task() is not None


def test_trial_ends_once_and_not_without_a_report(database):
    job_id = add_job(database, trials=2)
    loop = new_loop(database, job_id)
    task = loop.next_task()
    with pytest.raises(ValueError, match="has reported nothing"):
        loop.complete(task.trial_id)
    finish(loop, task)
    with pytest.raises(ConflictError, match="is completed and cannot become"):
        loop.complete(task.trial_id)
    with pytest.raises(ConflictError, match="is completed and cannot become failed"):
        loop.fail(task.trial_id, TrialStatus.FAILED, "late")
    with pytest.raises(NotFoundError, match="no trial 'nope'"):
        loop.report("nope", new_report())


def test_last_epoch_is_recorded_and_the_trial_ended_in_one_step(database):
    one, two = (add_job(database, trials=2) for _ in range(2))
    for job_id, in_one in ((one, True), (two, False)):
        loop = new_loop(database, job_id, data=job_id)
        while (task := loop.next_task()) is not None:
            accuracy = accuracy_of(task.architecture)
            for epoch in range(1, task.epochs):
                loop.report(task.trial_id, new_report(epoch, accuracy))
            if in_one:
                for _ in range(2):  # a repetition changes nothing
                    loop.report_last(task.trial_id, new_report(task.epochs, accuracy))
            else:
                loop.report(task.trial_id, new_report(task.epochs, accuracy))
                loop.complete(task.trial_id)
    assert recorded(database, one) == recorded(database, two)


def recorded(database, job_id: str) -> list[tuple]:
    """Return what is on record of a job's trials, metrics and proposals."""
    with database.read() as session:
        trials = [
            (
                *(trial.number, trial.status, trial.architecture_hash, trial.epochs_done),
                *(trial.accuracy, trial.loss, trial.reward, trial.objective_values),
                [(metric.epoch, metric.accuracy) for metric in list_metrics(session, trial.id)],
            )
            for trial in list_trials(session, job_id)
        ]
        told = [(row.number, row.told, row.reward) for row in list_proposals(session, job_id)]
    return [*trials, *told]


def test_loop_for_a_job_that_does_not_exist_is_refused(database):
    with pytest.raises(NotFoundError, match="no job 'nope'"):
        new_loop(database, "nope")


def drive(database, job_id: str, restart_after: set[int], in_flight: bool) -> SearchLoop:
    """Search to the end; the loop is thrown away after some trials, with or without one out."""
    loop, done = new_loop(database, job_id), 0
    while (task := loop.next_task()) is not None:
        if in_flight and done in restart_after:
            restart_after = restart_after - {done}
            loop.report(task.trial_id, new_report(1, accuracy_of(task.architecture)))
            loop = new_loop(database, job_id)
            again = loop.next_task()
            assert (again.trial_id, again.epochs_recorded) == (task.trial_id, 1)
            assert again.architecture == task.architecture
            task = again
        finish(loop, task)
        done += 1
        if not in_flight and done in restart_after:
            loop = new_loop(database, job_id)
    return loop


@pytest.mark.parametrize("in_flight", [False, True])
@pytest.mark.parametrize("sampler", ["random", "rl", "tpe"])
def test_killed_loop_goes_on_with_the_same_proposals_as_one_that_lived(
    tmp_path, sampler, in_flight
):
    spec = new_spec(
        sampler=sampler,
        trials=10,
        epochs=2,
        space_options={"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]},
        constraints=["params<=2500"],
    )
    records = []
    for name, restarts in (("lived", set()), ("killed", {1, 4, 5, 8})):
        (tmp_path / name).mkdir()
        database = new_database(tmp_path / name)
        job_id = add_job(database, spec)
        drive(database, job_id, restarts, in_flight)
        records.append(proposals_of(database, job_id))
        database.close()
    assert records[0] == records[1]
    assert any(trial is None for _, _, _, trial, _, _ in records[0])  # one broke the constraint
    assert len({trial for _, _, _, trial, _, _ in records[0]} - {None}) == 10


def test_new_loop_hands_out_all_interrupted_trials_first(database):
    job_id = add_job(database, trials=5)
    loop = new_loop(database, job_id)
    out = [loop.next_task() for _ in range(3)]
    finish(loop, out[1])
    loop.interrupt()
    statuses = [trial.status for trial in trials_of(database, job_id)]
    assert statuses == [TrialStatus.PENDING, TrialStatus.COMPLETED, TrialStatus.PENDING]
    again = new_loop(database, job_id)
    tasks = [again.next_task() for _ in range(3)]
    assert [task.trial_id for task in tasks[:2]] == [out[0].trial_id, out[2].trial_id]
    assert tasks[2].number == 3
    for task in tasks:
        finish(again, task)
    assert len(run_to_the_end(again)) == 1
    assert {trial.status for trial in trials_of(database, job_id)} == {TrialStatus.COMPLETED}


def test_trial_killed_between_its_last_report_and_its_end_is_completed(database):
    job_id = add_job(database, trials=2, epochs=1)
    loop = new_loop(database, job_id)
    task = loop.next_task()
    loop.report(task.trial_id, new_report(1, 0.75))
    again = new_loop(database, job_id)
    assert again.next_task().number == 1
    first, second = trials_of(database, job_id)
    assert (first.status, first.reward) == (TrialStatus.COMPLETED, 0.75)
    assert second.status is TrialStatus.RUNNING


def test_stored_choices_describe_the_trials_architecture(database):
    job_id = add_job(database, trials=3)
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
    space = create_space(spec.space, spec.space_options)
    hashes = [trial.architecture_hash for trial in trials_of(database, job_id)]
    for _, choices, _, trial, _, _ in proposals_of(database, job_id):
        assert space.architecture(choices).content_hash == hashes[trial]


def test_job_that_names_no_options_searches_what_the_space_suggests_for_its_images(database):
    job_id = add_job(database, space="stages", space_options={"families": ["mbconv"]}, trials=6)
    run_to_the_end(new_loop(database, job_id))
    architectures = [
        parse_architecture(trial.architecture_json) for trial in trials_of(database, job_id)
    ]
    assert len(architectures) == 6
    for architecture in architectures:
        assert len(architecture.stages) <= 3
        assert {stage.block.family for stage in architecture.stages} == {"mbconv"}
        assert max(stage.block.width for stage in architecture.stages) <= 128


def test_search_starts_from_case_studies_and_passes_over_one_that_the_images_are_too_small_for(
    database,
):
    job_id = add_job(
        database,
        space="stages",
        space_options={},
        sampler="rl",
        trials=3,
        start_from=["alexnet", "resnet-18", "mobilenet-v2"],
    )
    tasks = run_to_the_end(new_loop(database, job_id))
    starts = [find_or_raise_case_study(n).architecture for n in ("resnet-18", "mobilenet-v2")]
    assert [task.architecture for task in tasks[:2]] == starts
    assert len(tasks) == 3
    first = proposals_of(database, job_id)[0]
    assert first[3] is None  # no trial
    assert first[4] is not None  # but told


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"kernels": [7], "paddings": ["valid"]},
            "layer .* has no output for a 1x8x8 image",
        ),
        ({"kernels": [7], "widths": [2560], "depths": [128]}, "more than 2,000,000,000 parameters"),
    ],
)
def test_space_without_a_network_that_can_be_trained_ends_with_infeasible_trials(
    database, options, reason
):
    fixed = {"families": ["conv"], "stems": ["none"], "min_stages": 3, "max_stages": 3}
    job_id = add_job(database, space="stages", space_options=fixed | options, trials=2)
    assert run_to_the_end(new_loop(database, job_id)) == []
    trials = trials_of(database, job_id)
    assert [trial.status for trial in trials] == [TrialStatus.INFEASIBLE] * 2
    assert all(re.search(reason, trial.error) for trial in trials)
    assert all(trial.params > 0 for trial in trials)
    assert all(told is not None for _, _, _, _, told, _ in proposals_of(database, job_id))


def test_search_that_had_evaluated_its_start_does_not_start_anew(database):
    job_id = add_job(database, space="stages", space_options={}, trials=2, start_from=["resnet-18"])
    loop = new_loop(database, job_id)
    finish(loop, loop.next_task())
    (rest,) = run_to_the_end(new_loop(database, job_id))
    assert rest.architecture != find_or_raise_case_study("resnet-18").architecture
