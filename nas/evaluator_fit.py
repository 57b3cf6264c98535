"""Whether a job's evaluator finds out what the rest of the job asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nas.evaluators import SUPERNETS, EvaluatorKind, WeightSharingOptions
from nas.metrics import METRICS, Source
from nas.screening import SCORE

if TYPE_CHECKING:
    from nas.job import JobSpec


def check_evaluator(spec: JobSpec) -> None:
    """Check that the evaluator finds out what is asked for; raises `ValueError`."""
    kind = spec.parsed_evaluator.kind
    is_compared = spec.screen is not None or spec.hyperparameters
    if spec.scaling is not None and (kind is not EvaluatorKind.TRAINING or is_compared):
        raise ValueError(
            f"scaling: got one with evaluator {spec.evaluator!r}, allowed: with evaluator "
            "'training', without screen and hyperparameters"
        )
    if spec.screen is not None and kind is not EvaluatorKind.TRAINING:
        raise ValueError(
            f"screen: got one with evaluator {spec.evaluator!r}, allowed: with evaluator 'training'"
        )
    if spec.hyperparameters and kind is not EvaluatorKind.TRAINING:
        raise ValueError(
            f"hyperparameters: got {', '.join(spec.hyperparameters)} with evaluator "
            f"{spec.evaluator!r}, which compares architectures alone; allowed: none"
        )
    if spec.scheduler is not None and kind is EvaluatorKind.PROXY:
        raise ValueError(
            f"scheduler: got {spec.scheduler.name!r} with evaluator {spec.evaluator!r}, which "
            "trains no candidate; allowed: none"
        )
    unknown = {m for m in spec.needed_metrics if METRICS[m].source is Source.TRAINING}
    if kind is EvaluatorKind.PROXY and unknown:
        raise ValueError(
            f"evaluator: {spec.evaluator!r} trains no candidate, but the job names "
            f"{', '.join(sorted(unknown))}; allowed: score, or what the architecture tells"
        )
    has_score = spec.screening is not None or kind is EvaluatorKind.PROXY
    if SCORE in spec.needed_metrics and not has_score:
        raise ValueError(
            "objective and constraints: got 'score', allowed: with screen, or with an evaluator "
            "proxy:NAME or weight-sharing"
        )
    if kind is EvaluatorKind.WEIGHT_SHARING:
        _check_weight_sharing(spec)


def _check_weight_sharing(spec: JobSpec) -> None:
    if spec.space not in SUPERNETS:
        raise ValueError(
            f"evaluator: 'weight-sharing' with space {spec.space!r}, allowed: with "
            f"{', '.join(SUPERNETS)}"
        )
    if spec.start_from:
        raise ValueError(
            f"start_from: got {', '.join(spec.start_from)} with evaluator 'weight-sharing', "
            "allowed: none, as all trials come from its ranking"
        )
    objective = spec.parsed_objective
    named = {METRICS[metric].source for metric in objective.metrics}
    if objective.count > 1 or Source.APPRAISAL in named:
        raise ValueError(
            f"objective: got {objective} with evaluator 'weight-sharing', allowed: one objective "
            "of what training measures and the architecture tells"
        )
    if isinstance(spec.parsed_evaluator_options, WeightSharingOptions):
        candidates = spec.parsed_evaluator_options.candidates
        if candidates < spec.trials:
            raise ValueError(
                f"trials: got {spec.trials}, allowed: at most the {candidates} candidates that "
                "evaluator 'weight-sharing' ranks"
            )
