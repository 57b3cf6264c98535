"""Baselines on the command line: which are wanted, and what they reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api.cli.options import split_names
from api.wording import lead, percent
from nas.baselines import BASELINES, BaselineResult


def wanted_baselines(texts: Sequence[str] | None) -> list[str]:
    """Read the names given as `all`, or with commas between them, or by repeating the option."""
    names = split_names(texts)
    return list(BASELINES) if names == ["all"] else names


def baseline_rows(results: Iterable[BaselineResult]) -> list[tuple[object, ...]]:
    """Return rows of the results table: name, trials, parameters, MACs, validation, test."""
    return [
        (
            f"baseline {result.name}",
            "–",
            "–" if result.parameters is None else f"{result.parameters:,}",
            "–",
            percent(result.validation_accuracy),
            percent(result.test_accuracy) if result.error is None else result.error,
        )
        for result in results
    ]


def baseline_line(result: BaselineResult, best: float | None) -> str:
    """Write a baseline's validation accuracy, and how far the search's best is from it."""
    if result.error is not None:
        return f"baseline {result.name}: {result.error}"
    line = f"baseline {result.name}: {percent(result.validation_accuracy)}"
    if best is None or result.validation_accuracy is None:
        return line
    return f"{line}, best {lead(best, result.validation_accuracy)}"


def baseline_summary(results: Iterable[BaselineResult]) -> str:
    """Write validation accuracies in one line."""
    written = (f"{r.name} {r.error or percent(r.validation_accuracy)}" for r in results)
    return ", ".join(written) or "–"
