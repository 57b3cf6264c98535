from __future__ import annotations

from typing import Any

import pytest
import torch

from nas.database.proposals import list_proposals
from nas.database.trials import list_trials
from nas.errors import InvalidInputError, NasError
from nas.job import JobSpec
from nas.screening import SCORE
from nas.search import SearchLoop
from nas.status import TrialStatus
from tests.nas.factories import NOON, add_job, new_database, new_spec
from tests.workers.training.factories import digits, same_state
from workers.supernet.job import JobSupernet
from workers.training.evaluator import TrainingEvaluator

DATA = digits(train=96, validation=60)
SHARING = {
    "space": "nasbench201",
    "space_options": {"cells": 1, "filters": 4},
    "evaluator": "weight-sharing",
    "evaluator_options": {"epochs": 3, "steps_per_epoch": 4, "candidates": 6},
    "trials": 2,
    "sampler": "rl",
    "recipe": {"batch_size": 32, "learning_rate": 0.05},
}


def new_supernet(database, job_id, directory, **changes: Any) -> JobSupernet:
    return JobSupernet(database, job_id, new_spec(**{**SHARING, **changes}), DATA, directory)


def proposals_of(database, job_id):
    with database.read() as session:
        return [
            (p.number, p.choices, p.info, p.told, p.reward, p.score)
            for p in list_proposals(session, job_id)
        ]


def after(count: int):
    """Tell to stop once asked `count` times before."""
    asked = iter(range(count + 1))
    return lambda: next(asked, count) == count


def test_supernet_learns_and_every_path_is_on_record(tmp_path):
    database = new_database(tmp_path)
    changes = {"evaluator_options": {"epochs": 6, "steps_per_epoch": 4}, "sampler": "random"}
    changes |= {"space_options": {"cells": 1, "filters": 8}}
    job_id = add_job(database, **SHARING | changes)
    data = digits(validation=200)
    supernet = JobSupernet(database, job_id, new_spec(**SHARING | changes), data, tmp_path)
    supernet.train(lambda: False)
    rows = proposals_of(database, job_id)
    assert [row[0] for row in rows] == [row[3] for row in rows] == list(range(24))
    assert all(0 <= row[4] <= 1 for row in rows)
    early, late = (sum(row[4] for row in part) / 8 for part in (rows[:8], rows[-8:]))
    assert late > early + 0.1


@pytest.mark.parametrize("sampler", ["rl", "random", "evolution"])
def test_training_cut_off_goes_on_as_if_nothing_had_happened(tmp_path, sampler):
    database = new_database(tmp_path)
    whole_id, cut_id = (add_job(database, **SHARING | {"sampler": sampler}) for _ in range(2))
    whole = new_supernet(database, whole_id, tmp_path, sampler=sampler)
    whole.train(lambda: False)
    new_supernet(database, cut_id, tmp_path, sampler=sampler).train(after(1))
    crashing = new_supernet(database, cut_id, tmp_path, sampler=sampler)
    crashing._record = _crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        crashing.train(lambda: False)
    cut = new_supernet(database, cut_id, tmp_path, sampler=sampler)
    cut.train(lambda: False)
    assert proposals_of(database, cut_id) == proposals_of(database, whole_id)
    assert same_state(cut.training.state(), whole.training.state())


def _crash(*_: Any) -> None:
    raise KeyboardInterrupt


def test_checkpoint_that_was_never_recorded_is_not_gone_on_from(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, **SHARING)
    supernet = new_supernet(database, job_id, tmp_path)
    supernet.train(after(1))
    database.close()  # so that the next epoch's record fails after its checkpoint is written
    reopened = new_database(tmp_path)
    path = supernet._checkpoint(2)
    path.write_bytes(b"half of another epoch")
    again = new_supernet(reopened, job_id, tmp_path)
    again.train(lambda: False)
    assert again.training.epoch == 3 and len(proposals_of(reopened, job_id)) == 12


def test_lost_checkpoint_is_named(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, **SHARING)
    supernet = new_supernet(database, job_id, tmp_path)
    supernet.train(after(1))
    supernet._checkpoint(1).unlink()
    with pytest.raises(NasError, match=r"epoch-1.pt is gone"):
        new_supernet(database, job_id, tmp_path).train(lambda: False)


def new_loop(database, job_id, supernet, directory) -> SearchLoop:
    return SearchLoop(
        database,
        job_id,
        data_fingerprint="data",
        artifact_dir=directory,
        clock=lambda: NOON,
        appraisers=[supernet.appraiser],
    )


def test_top_candidates_are_trained_from_scratch_and_all_are_on_record(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, **SHARING)
    supernet = new_supernet(database, job_id, tmp_path)
    supernet.train(lambda: False)
    evaluator = TrainingEvaluator(DATA)
    loop = new_loop(database, job_id, supernet, tmp_path)
    first = loop.next_task()
    assert first is not None
    loop = new_loop(database, job_id, supernet, tmp_path)  # as after a crash
    while (task := loop.next_task()) is not None:
        for report in evaluator.evaluate(task):
            loop.report(task.trial_id, report)
        loop.complete(task.trial_id)
    ranked = [row[5] for row in proposals_of(database, job_id) if row[5] is not None]
    with database.read() as session:
        trials = list_trials(session, job_id)
    assert len(set(ranked)) > 1 and len(ranked) >= 6
    scores = [trial.figures[SCORE] for trial in trials]
    assert scores[0] == max(ranked) and scores == sorted(scores, reverse=True)
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 2
    assert all(trial.accuracy is not None and trial.epochs_done == 1 for trial in trials)
    conditions = trials[0].conditions_json
    assert conditions is not None and conditions[SCORE]["supernet_epochs"] == 3


def test_half_of_the_candidates_are_the_best_practised_paths(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, **SHARING)
    supernet = new_supernet(database, job_id, tmp_path)
    supernet.train(lambda: False)
    new_loop(database, job_id, supernet, tmp_path).next_task()
    rows = proposals_of(database, job_id)
    practised, ranked = rows[:12], rows[12:]
    best = sorted(practised, key=lambda row: (-row[4], row[0]))
    different: list[dict[str, Any]] = []
    for row in best:
        if row[1] not in different:
            different.append(row[1])
    assert [row[1] for row in ranked[:3]] == different[:3]


def test_score_is_the_objective_with_shared_weights(tmp_path):
    database = new_database(tmp_path)
    changes = {"objective": "accuracy*(params/1000)^-0.5"}
    job_id = add_job(database, **SHARING | changes)
    supernet = new_supernet(database, job_id, tmp_path, **changes)
    problem = new_spec(**SHARING | changes).new_problem()
    architecture = problem.space.architecture(
        {decision.name: "nor_conv_3x3" for decision in problem.space.decisions}
    )
    accuracy = supernet.training.on_all(architecture).accuracy
    params = problem.analyze(architecture).params
    score = supernet.appraiser.appraise(architecture)[SCORE]
    assert score == pytest.approx(accuracy * (params / 1000) ** -0.5)


def test_constraints_hold_for_every_path_that_is_trained(tmp_path):
    database = new_database(tmp_path)
    changes = {"constraints": ["params<=1"]}
    job_id = add_job(database, **SHARING | changes)
    with pytest.raises(NasError, match="none keeps them"):
        new_supernet(database, job_id, tmp_path, **changes).train(lambda: False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": "stages", "space_options": {}}, "'weight-sharing' with space 'stages'"),
        ({"trials": 7}, "trials: got 7, allowed: at most the 6 candidates"),
        ({"objective": ["accuracy", "params"]}, "objective: got accuracy,params with evaluator"),
        ({"objective": "score"}, "objective: got score with evaluator 'weight-sharing'"),
        ({"screen": {"proxy": "zen"}}, "screen: got one with evaluator 'weight-sharing'"),
        ({"evaluator_options": {"epoch": 3}}, "of evaluator 'weight-sharing': epoch"),
        ({"start_from": ["resnet-18"]}, "start_from"),
    ],
)
def test_what_weight_sharing_cannot_do_is_refused(changes, message):
    with pytest.raises(InvalidInputError, match=message):
        new_spec(**{**SHARING, **changes})


def test_request_survives_being_stored():
    spec = new_spec(**SHARING)
    assert JobSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_batch_statistics_do_not_depend_on_the_order_of_classes(tmp_path):
    database = new_database(tmp_path)
    job_id = add_job(database, **SHARING)
    supernet = new_supernet(database, job_id, tmp_path)
    order = supernet.training._order
    assert torch.equal(order.sort().values, torch.arange(60)) and not torch.equal(
        order, torch.arange(60)
    )
