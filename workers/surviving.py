"""What an evaluator of a job's trials is wrapped in, so that a candidate's faults are its own."""

from __future__ import annotations

from nas.evaluation import Evaluator
from nas.resources import Resources
from workers.timeout import TimedEvaluator
from workers.training.memory import HalvingEvaluator
from workers.trial_log import LoggedEvaluator


def surviving(evaluator: Evaluator, resources: Resources) -> Evaluator:
    """Let an evaluator do with less memory, keep to its time, and have all of it logged."""
    wrapped: Evaluator = HalvingEvaluator(evaluator)
    if resources.epoch_timeout_seconds is not None:
        wrapped = TimedEvaluator(wrapped, resources.epoch_timeout_seconds)
    return LoggedEvaluator(wrapped)
