"""The point from which a front's hypervolume is measured, fixed before the first trial.

What guessing reaches: accuracy 1 / classes, loss ln(classes). For a cost, the largest among
`DRAWS` architectures drawn uniformly with the job's seed, or the bound of a constraint where that
is less. It is stored with the job, so that the curve of its hypervolume can be compared over time
and, for jobs of the same space, data, seed and constraints, between samplers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

from nas.appraisal import Appraiser, appraise
from nas.constraint import Constraint
from nas.errors import NasError
from nas.metrics import METRICS
from nas.problem import SearchProblem
from nas.samplers.base import generator
from search_spaces.variation import draw_choices

DRAWS = 32
_MOST_DRAWS = 20 * DRAWS


def guessing(num_classes: int) -> dict[str, float]:
    """Return what a classifier reaches that gives all classes the same probability."""
    return {"accuracy": 1.0 / num_classes, "loss": log(num_classes)}


def cut_to_bounds(
    reference: Mapping[str, float], constraints: Sequence[Constraint]
) -> dict[str, float]:
    """Lower each cost to its least upper bound, where that is less and can be met."""
    cut = dict(reference)
    for constraint in constraints:
        name = constraint.metric
        if name in cut and METRICS[name].is_cost and constraint.is_upper and constraint.bound > 0:
            cut[name] = min(cut[name], constraint.bound)
    return cut


def reference_point(
    metrics: Sequence[str],
    problem: SearchProblem,
    constraints: Sequence[Constraint],
    appraisers: Sequence[Appraiser],
    seed: int,
) -> dict[str, float]:
    """Return the reference value of each metric; see the module's docstring for the rule.

    Raises:
        NasError: No architecture that was drawn has a network.
    """
    known = guessing(problem.num_classes)
    costs = [name for name in metrics if name not in known]
    if costs:
        known |= _largest(costs, problem, appraisers, seed)
    return cut_to_bounds({name: known[name] for name in metrics}, constraints)


def _largest(
    names: Sequence[str], problem: SearchProblem, appraisers: Sequence[Appraiser], seed: int
) -> dict[str, float]:
    largest: dict[str, float] = {}
    found = 0
    for number in range(_MOST_DRAWS):
        # A stream of its own: no proposal has such a number.
        choices = draw_choices(problem.space.decisions, generator(seed, 2**32 + number))
        figures = appraise(problem, problem.architecture(choices), appraisers, ()).figures
        if not all(name in figures for name in names):
            continue
        largest |= {name: max(figures[name], largest.get(name, 0.0)) for name in names}
        found += 1
        if found == DRAWS:
            break
    if not found:
        raise NasError(
            f"objective: of {_MOST_DRAWS} architectures drawn none has a network to take the "
            f"largest {', '.join(names)} of"
        )
    return largest
