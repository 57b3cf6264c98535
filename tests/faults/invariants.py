"""What must hold of every job once it is over, whatever happened to it meanwhile."""

from __future__ import annotations

import pytest

from nas.database import Database
from nas.database.jobs import find_or_raise_job
from nas.database.proposals import list_proposals
from nas.database.trials import TrialRow, list_metrics, list_trials
from nas.status import TrialStatus


def assert_sound(database: Database, job_id: str) -> list[TrialRow]:
    """Check a finished job's records against each other, and return its trials.

    Each trial has one end and a reason where it needs one; its epochs are 1, 2, … without a gap or
    a double, and as many as were granted where it was completed; the sampler was told each
    proposal once, in an order without a gap; no more and no fewer trials were spent than granted.
    """
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
        trials = list(list_trials(session, job_id))
        curves = {trial.id: list_metrics(session, trial.id) for trial in trials}
        proposals = list_proposals(session, job_id)
    assert [trial.number for trial in trials] == list(range(spec.trials))
    for trial in trials:
        curve = curves[trial.id]
        assert trial.status.is_final, f"trial {trial.number} is {trial.status}"
        assert trial.finished_at is not None
        assert (trial.error is None) == (trial.status is TrialStatus.COMPLETED)
        assert [metric.epoch for metric in curve] == list(range(1, trial.epochs_done + 1))
        assert trial.epochs_done <= trial.budget
        assert (trial.train_seconds or 0.0) == pytest.approx(sum(m.train_seconds for m in curve))
        if trial.status is TrialStatus.COMPLETED:
            assert trial.epochs_done == trial.budget
            assert (trial.accuracy, trial.loss) == (curve[-1].accuracy, curve[-1].loss)
            assert trial.reward is not None
    told = [proposal.told for proposal in proposals]
    assert None not in told, "a proposal waits for a result for ever"
    assert sorted(told) == list(range(len(told)))
    of_trials = [proposal for proposal in proposals if proposal.trial_id is not None]
    assert {proposal.trial_id for proposal in of_trials} == {trial.id for trial in trials}
    reward_of = {trial.id: trial.reward for trial in trials}
    for proposal in of_trials:
        assert proposal.reward is None or proposal.reward == reward_of[proposal.trial_id]
    return trials
