"""A family of scaled networks as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.cli.output import byte_size, console, print_table
from api.wording import percent
from nas.scaling.view import MemberView, ScalingView

_NUMBERS = ("phi", "width", "depth", "resolution", "parameters", "MACs", "memory", "accuracy")


def print_scaling(view: ScalingView) -> None:
    """Print the grid where there is one, then the members and what they are compared with."""
    coefficients = view.coefficients
    if view.candidates:
        _print(
            (
                (f"alpha {c.alpha:g}, beta {c.beta:g}, gamma {c.gamma:g}", candidate)
                for candidate in view.candidates
                for c in (candidate.coefficients,)
            ),
            "grid of coefficients",
        )
        console.print()
    if coefficients is not None:
        console.print(
            f"alpha {coefficients.alpha:g} (depth), beta {coefficients.beta:g} (width), gamma "
            f"{coefficients.gamma:g} (resolution): MACs grow by {coefficients.product:.3f} with "
            "each phi",
            highlight=False,
        )
    _print(_rows(view), view.name)


def _rows(view: ScalingView) -> Iterator[tuple[str, MemberView]]:
    yield "unscaled", view.base
    for number, member in enumerate(view.members):
        given = f"{member.multipliers} given" if member.phi is None else "compound"
        yield given if member.target is None else member.target, member
        if number < len(view.power_law):
            yield "alpha^phi instead", view.power_law[number]
        for axis, compared in view.comparisons.items():
            yield f"  {axis} only", compared[number]


def _print(rows: Iterable[tuple[str, MemberView]], first: str) -> None:
    print_table(
        (first, *_NUMBERS, ""),
        [(name, *_figures(member), member.error or "") for name, member in rows],
        "no networks",
        numbers=_NUMBERS,
    )


def _figures(member: MemberView) -> tuple[str, ...]:
    phi = "–" if member.phi is None else f"{member.phi:g}"
    if member.params is None or member.macs is None or member.peak_memory_bytes is None:
        return (phi, *("–" for _ in _NUMBERS[1:]))
    scaled = member.multipliers
    return (
        phi,
        f"{scaled.width:.3g}",
        f"{scaled.depth:.3g}",
        str(scaled.resolution),
        f"{member.params:,}",
        f"{member.macs:,}",
        byte_size(member.peak_memory_bytes),
        percent(member.accuracy),
    )
