"""`nas policy`: what a job's controller would propose, and how it came to that."""

from __future__ import annotations

from api.cli.context import DatabaseOption, JsonOption
from api.cli.jobs import JobArgument
from api.cli.onlooker import looking
from api.cli.output import print_json, print_table
from api.wording import percent
from nas.policy import DecisionPolicy

_MOMENTS = 12
"""Moments shown of a search; JSON has them all."""


def policy(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show the policy of a job's sampler: its probabilities now, and its entropy over time."""
    with looking(db) as onlooker:
        history = onlooker.policy(job_id)
    if as_json:
        print_json(history)
        return
    shown = history.items[:: 1 + len(history.items) // _MOMENTS]
    print_table(
        ("update", "results", "entropy", "baseline"),
        [
            (
                item.update,
                item.told,
                f"{item.entropy:.3f}",
                "–" if item.baseline is None else f"{item.baseline:.4f}",
            )
            for item in shown
        ],
        "No policy: the job has not begun, or its sampler draws from none.",
        numbers=("update", "results", "entropy", "baseline"),
    )
    if history.items:
        print_table(
            ("decision", "arises", "probabilities"),
            [
                (each.name, percent(each.reached), _odds(each))
                for each in history.items[-1].decisions
            ],
            "",
            numbers=("arises",),
        )


def _odds(decision: DecisionPolicy) -> str:
    """List the choices, the likeliest first."""
    pairs = sorted(zip(decision.probabilities, decision.choices, strict=True), key=lambda p: -p[0])
    return ", ".join(f"{choice} {percent(probability)}" for probability, choice in pairs)
