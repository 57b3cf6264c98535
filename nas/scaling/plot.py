"""Accuracy against MACs as a picture, as in figure 8 of Tan & Le (2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nas.errors import InvalidInputError
from nas.plotting import plotted
from nas.scaling.view import MemberView, ScalingView

Line = tuple[str, list[MemberView]]


def plot_scaling(path: Path, view: ScalingView) -> None:
    """Write a PNG: a line for compound scaling and one for each single axis, from the base.

    Raises:
        InvalidInputError: No scaled network is trained yet, or the file cannot be written.
    """
    lines = list(_lines(view))
    if not lines:
        raise InvalidInputError(
            "--plot: got a family without a trained member, allowed: with --train, or a follow-up "
            "job that has trained some"
        )
    with plotted(path) as axes:
        for name, members in lines:
            macs = [member.macs or 0 for member in members]
            accuracies = [member.accuracy or 0.0 for member in members]
            style = "-" if name == "compound" else "--"
            axes.plot(macs, accuracies, style, marker="o", label=name)
        axes.set(title=view.name, xlabel="multiply-accumulates", ylabel="validation accuracy")
        axes.set_xscale("log")


def _lines(view: ScalingView) -> Iterator[Line]:
    """Yield what is trained of the members and of each axis, by MACs, from the base on."""
    start = [view.base] if view.base.accuracy is not None else []
    named: list[tuple[str, Sequence[MemberView]]] = [("compound", view.members)]
    named += [(f"{axis} only", members) for axis, members in view.comparisons.items()]
    for name, members in named:
        trained = [member for member in members if member.accuracy is not None]
        if trained:
            yield name, sorted(start + trained, key=lambda member: member.macs or 0)
