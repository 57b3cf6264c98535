"""What is known of a candidate before it is trained, and whether it is to be trained at all.

The life of an appraisal, told in order:

1. The search loop counts what the architecture alone tells: parameters, MACs, memory, depth.
   A candidate that breaks a constraint on these goes no further.
2. Each `Appraiser` of the job adds its figures, those that take a device or data: the latency,
   the scores of zero-cost proxies. It is asked once for each new architecture.
3. The constraints on these are checked. What is left is trained; its figures are stored with
   the trial, and the objective reads them together with what training measures.

`nas` has no appraiser of its own: the process that runs the job hands them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nas.constraint import Constraint, first_broken
from nas.errors import TrialInfeasibleError
from nas.metrics import counted_figures
from nas.problem import SearchProblem
from search_spaces import Architecture, InfeasibleArchitectureError


class Appraiser(Protocol):
    """Finds out figures of an architecture without training it."""

    @property
    def names(self) -> frozenset[str]:
        """The figures that it finds out."""

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        """How each figure is come by, as JSON by the figure's name: the device, the batch."""

    def appraise(self, architecture: Architecture) -> Mapping[str, float]:
        """Return each of its figures.

        Raises:
            TrialInfeasibleError: It cannot be run here at all; the message is the reason shown.
        """


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A candidate's figures before training; `refusal` says why it is not to be trained, if so.

    `params` and `macs` of one without a network are what was counted until it was refused.
    """

    params: int
    macs: int
    figures: Mapping[str, float] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refusal: str | None = None


def appraise(
    problem: SearchProblem,
    architecture: Architecture,
    appraisers: Sequence[Appraiser],
    constraints: Sequence[Constraint],
) -> Appraisal:
    """Find out what is known before training; what is refused is not looked at any further."""
    try:
        totals = problem.analyze(architecture)
    except InfeasibleArchitectureError as error:
        return Appraisal(error.params, error.macs, refusal=str(error))
    figures = counted_figures(totals)
    conditions: dict[str, Mapping[str, Any]] = {}
    refusal = first_broken(constraints, figures)
    for appraiser in appraisers:
        if refusal is not None:
            break
        try:
            figures |= appraiser.appraise(architecture)
        except TrialInfeasibleError as error:
            refusal = str(error)
            break
        conditions |= appraiser.conditions
        refusal = first_broken(constraints, figures)
    return Appraisal(totals.params, totals.macs, figures, conditions, refusal)
