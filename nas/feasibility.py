"""Whether a job's architectures can be built for its data set, asked when it is submitted.

This needs torch, so a server asks it in a process beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nas.datasets import DatasetInfo, find_or_raise_dataset
from nas.errors import InvalidInputError
from nas.job import JobSpec
from search_spaces import Architecture, SearchSpaceError, active_decisions
from search_spaces.analysis import analyze
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.decisions import Choice
from search_spaces.registry import AnySpace

DRAWS = 24
"""Random architectures of which at least one must fit, where the least one does not."""


def check_feasible(spec: JobSpec) -> None:
    """Refuse a job that names a start, or options, from which no network can come.

    Options that the job does not name are those suggested for its images, which always suit them.
    Constraints are left to the search: a sampler may learn to keep what a random draw breaks.

    Raises:
        InvalidInputError: The images are too small for a start, for the space's least architecture
            and for `DRAWS` random ones, or all of these exceed a limit of `search_spaces.limits`.
    """
    info = find_or_raise_dataset(spec.dataset).info
    for name in spec.start_from:
        reason = _infeasible(find_or_raise_case_study(name).architecture, info)
        if reason is not None:
            raise InvalidInputError(
                f"start_from: case study {name!r} cannot be trained on {info.name!r}: {reason}"
            )
    if not spec.space_options or spec.start_from:
        return
    first: str | None = None
    for architecture in _candidates(spec.new_space()):
        reason = _infeasible(architecture, info)
        if reason is None:
            return
        first = first or reason
    raise InvalidInputError(
        f"space_options: of {DRAWS + 1} architectures of the space none can be trained on "
        f"{info.name!r}; the first: {first}"
    )


def _infeasible(architecture: Architecture, info: DatasetInfo) -> str | None:
    """Say why there is no network, if there is none."""
    try:
        analyze(architecture, info.input_shape, info.num_classes)
    except SearchSpaceError as error:
        return str(error)
    return None


def _candidates(space: AnySpace) -> Iterator[Architecture]:
    yield space.architecture(_least_choices(space))
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        yield space.sample(rng)


def _least_choices(space: AnySpace) -> dict[str, Choice]:
    """Answer each arising decision by its least number, or its first text."""
    chosen: dict[str, Choice] = {}
    for decision in active_decisions(space.decisions, chosen):
        is_number = isinstance(decision.choices[0], int | float)
        chosen[decision.name] = min(decision.choices) if is_number else decision.choices[0]
    return chosen
