"""A space's decisions answered by an Optuna trial."""

from __future__ import annotations

from typing import cast

from optuna.trial import Trial

from search_spaces import Choice, Decision, active_decisions


def suggest_answers(trial: Trial, decisions: tuple[Decision, ...]) -> dict[str, Choice]:
    """Let the trial's sampler answer each arising decision."""
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        chosen[decision.name] = _suggest(trial, decision)
    return chosen


def suggest_all_answers(trial: Trial, decisions: tuple[Decision, ...]) -> dict[str, Choice]:
    """Let the trial's sampler answer all decisions, and return the answers to those that arise.

    For samplers that know only parameters which every trial has.
    """
    suggested = {decision.name: _suggest(trial, decision) for decision in decisions}
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        chosen[decision.name] = suggested[decision.name]
    return chosen


def _suggest(trial: Trial, decision: Decision) -> Choice:
    return cast(Choice, trial.suggest_categorical(decision.name, decision.choices))
