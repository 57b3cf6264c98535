from __future__ import annotations

import pytest

from nas.database.jobs import find_or_raise_job
from nas.database.proposals import list_proposals
from nas.database.trials import find_best_trial, list_trials
from nas.representations import TrialView
from nas.status import TrialStatus
from search_spaces import parse_architecture
from tests.nas.factories import (
    HashedLatency,
    accuracy_of,
    add_job,
    finish,
    latency_of,
    new_database,
    new_loop,
    new_spec,
    run_to_the_end,
)

SPACE = {"blocks": 1, "filters": 2, "operations": ["identity", "conv_3x3"]}


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


def trials_of(database, job_id):
    with database.read() as session:
        return list(list_trials(session, job_id))


def best_of(database, job_id):
    with database.read() as session:
        return find_best_trial(session, job_id)


def dominated(trial, others) -> bool:
    mine = trial.objective_values
    return any(
        other.objective_values != mine
        and all(a >= b for a, b in zip(other.objective_values, mine, strict=True))
        for other in others
    )


@pytest.mark.parametrize("sampler", ["random", "evolution", "rl", "nsga2"])
def test_every_sampler_searches_for_a_front(database, sampler):
    job_id = add_job(
        database, sampler=sampler, trials=9, space_options=SPACE, objective=["accuracy", "params"]
    )
    run_to_the_end(new_loop(database, job_id))
    trials = trials_of(database, job_id)
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 9
    for trial in trials:
        assert trial.objective_values == [trial.accuracy, -trial.params]
        assert trial.reward == trial.accuracy
    volumes = [trial.hypervolume for trial in trials]
    assert volumes == sorted(volumes) and 0 < volumes[-1] < 1
    best = best_of(database, job_id)
    assert best.accuracy == max(trial.accuracy for trial in trials)
    assert not dominated(best, trials)


def test_reference_point_is_fixed_before_the_first_trial(database):
    job_id = add_job(
        database,
        trials=2,
        space_options=SPACE,
        objective=["accuracy", "loss", "params", "macs"],
        constraints=["params<=3000"],
    )
    new_loop(database, job_id)
    with database.read() as session:
        reference = find_or_raise_job(session, job_id).reference_json
    run_to_the_end(new_loop(database, job_id))
    with database.read() as session:
        assert find_or_raise_job(session, job_id).reference_json == reference
    assert reference["accuracy"] == 0.1
    assert reference["loss"] == pytest.approx(2.302585)
    assert reference["params"] == 3000
    assert reference["macs"] > 10_000


@pytest.mark.parametrize("sampler", ["local", "model", "nsga3"])
def test_killed_search_for_a_front_goes_on_as_one_that_lived(tmp_path, sampler):
    spec = new_spec(
        sampler=sampler,
        trials=9,
        space_options=SPACE,
        objective=["accuracy", "params", "latency_ms"],
        constraints=["latency_ms<=7", "accuracy>=0.2"],
    )
    records = []
    for name, restarts in (("lived", set()), ("killed", {3, 5})):
        (tmp_path / name).mkdir()
        database = new_database(tmp_path / name)
        job_id = add_job(database, spec)
        loop, done = new_loop(database, job_id, appraisers=[HashedLatency()]), 0
        while (task := loop.next_task()) is not None:
            finish(loop, task)
            done += 1
            if done in restarts:
                loop = new_loop(database, job_id, appraisers=[HashedLatency()])
        with database.read() as session:
            number_of = {trial.id: trial.number for trial in list_trials(session, job_id)}
            told = [
                (p.number, p.choices, number_of.get(p.trial_id), p.told, p.reward, p.values_json)
                for p in list_proposals(session, job_id)
            ]
            volumes = [trial.hypervolume for trial in list_trials(session, job_id)]
        records.append((told, volumes))
        database.close()
    assert records[0] == records[1]
    assert any(values is not None for *_, values in records[0][0])


def test_trials_under_way_when_the_scale_changes_are_expected_by_the_new_samplers(database):
    job_id = add_job(
        database, sampler="local", trials=12, space_options=SPACE, objective=["accuracy", "params"]
    )
    loop = new_loop(database, job_id)
    tasks = [loop.next_task() for _ in range(6)]
    for task in reversed(tasks):
        finish(loop, task)
    assert len(run_to_the_end(loop)) == 6


def test_latency_is_honoured_before_training_and_stored_with_how_it_was_come_by(database):
    appraiser = HashedLatency()
    job_id = add_job(database, trials=6, space_options=SPACE, constraints=["latency_ms<=5"])
    tasks = run_to_the_end(new_loop(database, job_id, appraisers=[appraiser]))
    assert len(tasks) == 6
    assert len(appraiser.asked) > 6
    assert all(latency_of(task.architecture) <= 5 for task in tasks)
    for trial in trials_of(database, job_id):
        view = TrialView.of(trial)
        architecture = parse_architecture(trial.architecture_json)
        assert view.metrics.latency_ms == latency_of(architecture)
        assert view.conditions == {"latency_ms": {"device": "abacus"}}
        assert view.metrics.peak_memory_bytes > 4 * view.metrics.params
        assert view.known_figures["macs"] == trial.macs


def test_latency_counts_in_mnasnets_objective(database):
    job_id = add_job(
        database, trials=4, space_options=SPACE, objective={"cost": "latency_ms", "target": 3}
    )
    run_to_the_end(new_loop(database, job_id, appraisers=[HashedLatency()]))
    for trial in trials_of(database, job_id):
        latency = latency_of(parse_architecture(trial.architecture_json))
        assert trial.reward == pytest.approx(trial.accuracy * (latency / 3) ** -0.07)


def test_latency_that_nobody_finds_out_is_refused(database):
    job_id = add_job(database, objective="accuracy,latency_ms")
    with pytest.raises(ValueError, match="appraisers: none for latency_ms"):
        new_loop(database, job_id)


def test_trial_that_breaks_a_bound_on_its_accuracy_is_completed_but_not_the_best(database):
    spec = {"trials": 12, "space_options": SPACE, "objective": "params"}
    unbounded = add_job(database, **spec)
    run_to_the_end(new_loop(database, unbounded))
    bound = sorted(trial.accuracy for trial in trials_of(database, unbounded))[6]
    job_id = add_job(database, **spec, constraints=[f"accuracy>={bound}"])
    run_to_the_end(new_loop(database, job_id))
    trials = trials_of(database, job_id)
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED}
    feasible = [trial for trial in trials if trial.accuracy >= bound]
    assert [trial.is_feasible for trial in trials] == [trial in feasible for trial in trials]
    assert 0 < len(feasible) < 12
    best = best_of(database, job_id)
    assert best.params == min(trial.params for trial in feasible)
    assert best.accuracy >= bound
    with database.read() as session:
        told = {p.trial_id: p.reward for p in list_proposals(session, job_id)}
    for trial in trials:
        assert (told[trial.id] == trial.reward) is trial.is_feasible


def test_job_without_a_feasible_trial_has_no_best(database):
    job_id = add_job(database, trials=2, space_options=SPACE, constraints=["accuracy>=2"])
    run_to_the_end(new_loop(database, job_id))
    assert best_of(database, job_id) is None


def test_best_of_equals_in_the_first_objective_is_decided_by_the_next(database):
    job_id = add_job(
        database, trials=9, space_options=SPACE, objective=["latency_ms", "accuracy"], seed=3
    )

    class Constant(HashedLatency):
        def appraise(self, architecture):
            return {"latency_ms": 4.0}

    tasks = run_to_the_end(new_loop(database, job_id, appraisers=[Constant()]))
    best = best_of(database, job_id)
    assert best.accuracy == max(accuracy_of(task.architecture) for task in tasks)
