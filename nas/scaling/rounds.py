"""What a follow-up job trains, in rounds: a grid of coefficients, then the family of the best.

A round begins when all trials of the one before have ended, since its networks depend on them.
All of it follows from the request and the trials on record, so a job that is resumed goes on with
the round in which it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from nas.database import Database
from nas.database.trials import list_trials
from nas.datasets import find_or_raise_dataset
from nas.errors import NasError
from nas.job import JobSpec
from nas.problem import SearchProblem
from nas.scaling.coefficients import PAPER, Coefficients
from nas.scaling.family import Member, family_of, grid_members
from nas.scaling.network import BaseNetwork
from nas.scaling.request import Scaling
from nas.scaling.space import ScalingSpace
from nas.status import TrialStatus


@dataclass(frozen=True)
class Round:
    """Networks to train, and the number of the job's trials once that is done."""

    problem: SearchProblem
    trials: int


def search_rounds(
    database: Database, job_id: str, spec: JobSpec, problem: SearchProblem
) -> Iterator[Round]:
    """Yield a job's rounds, each to be asked for once the one before is trained.

    Any job but a follow-up has one: all its trials, of `problem`.

    Raises:
        NasError: No network of the grid could be trained.
        InvalidInputError: No network of the family keeps a target.
    """
    scaling = spec.scaling
    if scaling is None:
        yield Round(problem, spec.trials)
        return
    base = base_network(spec, scaling)
    known: set[str] = set()
    coefficients = scaling.coefficients or PAPER
    if scaling.searches_coefficients:
        grid = grid_members(base, scaling.grid)
        if not grid:
            raise NasError("none of the grid's networks can be trained on these images")
        yield _round(problem, base, [member for _, member in grid], known)
        with database.read() as session:
            found = best_coefficients(session, job_id, grid)
        if found is None:
            raise NasError("none of the grid's networks could be trained, see their trials")
        coefficients = found
    if scaling.names_members:
        family = family_of(base, scaling, coefficients)
        yield _round(problem, base, family.to_train(), known)


def _round(
    problem: SearchProblem, base: BaseNetwork, members: Iterable[Member], known: set[str]
) -> Round:
    """Put the members that are new into a space, and take note of them in `known`."""
    new: list[str] = []
    for member in members:
        if member.architecture is not None and member.architecture.content_hash not in known:
            known.add(member.architecture.content_hash)
            new.append(str(member.multipliers))
    # A round without news still has its question; no trial of it is asked for.
    space = ScalingSpace(base, new or [str(base.identity)])
    return Round(SearchProblem(space, problem.input_shape, problem.num_classes), len(known))


def base_network(spec: JobSpec, scaling: Scaling) -> BaseNetwork:
    """Return the network that a follow-up job scales, for the job's images."""
    info = find_or_raise_dataset(spec.dataset).info
    return scaling.base(info.input_shape, info.num_classes)


def best_coefficients(
    session: Session, job_id: str, grid: Iterable[tuple[Coefficients, Member]]
) -> Coefficients | None:
    """Return those whose network is the most accurate, of equal ones the cheaper; None if none is.

    All networks of the grid have about twice the MACs of the base network.
    """
    accuracies = {
        trial.architecture_hash: trial.accuracy
        for trial in list_trials(session, job_id, status=TrialStatus.COMPLETED)
    }
    ranked: list[tuple[float, float, Coefficients]] = []
    for coefficients, member in grid:
        if member.architecture is None or member.figures is None:
            continue
        accuracy = accuracies.get(member.architecture.content_hash)
        if accuracy is not None:
            ranked.append((accuracy, -member.figures["macs"], coefficients))
    return max(ranked, key=lambda each: each[:2])[2] if ranked else None
