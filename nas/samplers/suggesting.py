"""A space's decisions answered by an Optuna trial."""

from __future__ import annotations

from typing import cast

from optuna.trial import Trial

from search_spaces import Choice, Decision, active_decisions


def suggest_answers(trial: Trial, decisions: tuple[Decision, ...]) -> dict[str, Choice]:
    """Let the trial's sampler, or what was enqueued for it, answer each arising decision."""
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(decisions, chosen):
        answer = trial.suggest_categorical(decision.name, decision.choices)
        chosen[decision.name] = cast(Choice, answer)
    return chosen
