from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.database.trials import list_trials
from nas.errors import TrialInfeasibleError
from nas.screening import SCORE
from nas.search import SearchLoop
from nas.status import TrialStatus
from search_spaces import create_space
from tests.nas.factories import add_job, new_database, new_spec
from tests.workers.training.factories import digits
from workers.proxies.scoring import JobScoring, complete_untrained

DATA = digits(train=64, validation=16)


def new_loop(database, job_id, scoring: JobScoring) -> SearchLoop:
    return SearchLoop(
        database,
        job_id,
        data_fingerprint="data",
        artifact_dir=Path("artifacts"),
        problem=scoring.spec.new_problem(scoring.scores),
        appraisers=scoring.appraisers,
    )


def test_search_by_a_proxy_stops_when_told_and_goes_on(tmp_path):
    database = new_database(tmp_path)
    changes = {"evaluator": "proxy:synflow", "trials": 5, "recipe": {"batch_size": 8}}
    job_id = add_job(database, **changes)
    scoring = JobScoring(new_spec(**changes), DATA)
    asked = iter([False, False, True])
    complete_untrained(new_loop(database, job_id, scoring), lambda: next(asked))
    with database.read() as session:
        assert len(list_trials(session, job_id)) == 2
    complete_untrained(new_loop(database, job_id, scoring), lambda: False)
    with database.read() as session:
        trials = list_trials(session, job_id)
        assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 5
        assert len({trial.reward for trial in trials}) > 1
        conditions = trials[0].conditions_json
    assert conditions == {SCORE: {"proxy": "synflow", "batch_size": 8, "seed": 0, "device": "cpu"}}


def test_job_that_names_no_proxy_has_no_appraiser():
    assert JobScoring(new_spec(), DATA).appraisers == ()


def test_screened_job_is_appraised_by_its_proxy():
    spec = new_spec(screen={"proxy": "params"}, recipe={"batch_size": 8})
    (appraiser,) = JobScoring(spec, DATA).appraisers
    problem = spec.new_problem()
    architecture = problem.architecture(
        {decision.name: decision.choices[0] for decision in problem.decisions}
    )
    assert appraiser.appraise(architecture) == {SCORE: problem.analyze(architecture).params}


def test_architecture_without_score_is_no_candidate():
    spec = new_spec(
        space="nasbench201",
        space_options={"cells": 1, "filters": 2},
        screen={"proxy": "zen"},
        recipe={"batch_size": 8},
    )
    (appraiser,) = JobScoring(spec, DATA).appraisers
    space = create_space("nasbench201", {"cells": 1, "filters": 2})
    nothing = space.architecture({decision.name: "none" for decision in space.decisions})
    with pytest.raises(TrialInfeasibleError, match="proxy 'zen' has no score for it"):
        appraiser.appraise(nothing)


def test_model_is_warm_started_by_the_jobs_own_data(tmp_path):
    changes = {
        "sampler": "model",
        "sampler_options": {"warm_start": "params"},
        "evaluator": "proxy:params",
        "trials": 3,
        "recipe": {"batch_size": 8},
    }
    database = new_database(tmp_path)
    job_id = add_job(database, **changes)
    scoring = JobScoring(new_spec(**changes), DATA)
    complete_untrained(new_loop(database, job_id, scoring), lambda: False)
    with database.read() as session:
        rewards = [trial.reward for trial in list_trials(session, job_id)]
    assert len(rewards) == 3
    # What it proposes first is the largest of 64 by what it believes.
    rng = np.random.default_rng(0)
    space = scoring.spec.new_space()
    sizes = [scoring.scores(space.sample(rng).canonical(), "params") for _ in range(20)]
    assert rewards[0] > np.median(sizes)
