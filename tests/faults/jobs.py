"""Jobs with real training, driven as the runner does, but in this process and one by one."""

from __future__ import annotations

from pathlib import Path

from nas.database import Database
from nas.errors import TrialFailedError, TrialInfeasibleError
from nas.evaluation import Evaluator, TrialTask
from nas.search import SearchLoop
from nas.status import TrialStatus


def new_training_loop(database: Database, job_id: str, directory: Path) -> SearchLoop:
    return SearchLoop(database, job_id, data_fingerprint="few", artifact_dir=directory)


def run_trial(loop: SearchLoop, evaluator: Evaluator, task: TrialTask) -> None:
    """Evaluate a task to its end, as `workers.tuning` does."""
    try:
        goes_on = all(loop.report(task.trial_id, each) for each in evaluator.evaluate(task))
    except TrialInfeasibleError as error:
        loop.fail(task.trial_id, TrialStatus.INFEASIBLE, str(error), error.shortage)
    except TrialFailedError as error:
        loop.fail(task.trial_id, TrialStatus.FAILED, str(error))
    else:
        if goes_on:
            loop.complete(task.trial_id)


def run_job(database: Database, job_id: str, evaluator: Evaluator, directory: Path) -> None:
    loop = new_training_loop(database, job_id, directory)
    while (task := loop.next_task()) is not None:
        run_trial(loop, evaluator, task)


def log_of(directory: Path, job_id: str, trial_id: str) -> str:
    return (directory / job_id / "trials" / trial_id / "trial.log").read_text()
