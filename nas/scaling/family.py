"""The scaled networks themselves: candidates of the grid, members, and single-axis ones beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nas.scaling.coefficients import Coefficients, Grid
from nas.scaling.multipliers import Axis, Multipliers
from nas.scaling.network import BaseNetwork, Figures
from nas.scaling.request import FamilyRequest
from nas.scaling.solving import Measure, match_macs, parse_target, solve_phi
from search_spaces import Architecture, InfeasibleArchitectureError


@dataclass(frozen=True)
class Member:
    """A scaled network; `error` says why there is none, if there is none."""

    multipliers: Multipliers
    phi: float | None = None
    target: str | None = None
    architecture: Architecture | None = None
    figures: Figures | None = None
    error: str | None = None


@dataclass(frozen=True)
class Family:
    """A base network and what it is scaled to."""

    base: Member
    members: tuple[Member, ...]
    power_law: tuple[Member, ...]
    """Where multipliers are given: what alpha^phi gives in their place, phi counting from 1."""
    comparisons: Mapping[Axis, tuple[Member, ...]]
    """For each axis one network per member, scaled along it alone, of equal MACs."""

    def to_train(self) -> Iterator[Member]:
        """Yield the networks that there are, the base first, in the order of their size."""
        yield self.base
        for number, member in enumerate(self.members):
            compared = (each[number] for each in self.comparisons.values() if each)
            yield from (m for m in (member, *compared) if m.architecture is not None)


def member_of(
    base: BaseNetwork,
    multipliers: Multipliers,
    *,
    phi: float | None = None,
    target: str | None = None,
) -> Member:
    """Scale a network and count what it takes, or say why there is no such network."""
    try:
        architecture = base.scaled(multipliers)
        figures = base.figures_of(architecture)
    except InfeasibleArchitectureError as error:
        return Member(multipliers, phi, target, error=str(error))
    return Member(multipliers, phi, target, architecture, figures)


def distinct(base: BaseNetwork, grid: Grid) -> dict[Multipliers, Coefficients]:
    """Return what a grid comes to, phi being 1.

    Of coefficients whose networks are equal once rounded, the first are kept; those with which a
    network is larger than one may be are left out.
    """
    found: dict[Architecture, tuple[Multipliers, Coefficients]] = {}
    for coefficients in grid.coefficients():
        try:
            multipliers = coefficients.multipliers(1, base.resolution)
            found.setdefault(base.scaled(multipliers), (multipliers, coefficients))
        except InfeasibleArchitectureError:
            continue
    return dict(found.values())


def grid_members(base: BaseNetwork, grid: Grid) -> list[tuple[Coefficients, Member]]:
    """Scale a network by the coefficients of a grid; those without a network are left out."""
    members = (
        (coefficients, member_of(base, multipliers, phi=1))
        for multipliers, coefficients in distinct(base, grid).items()
    )
    return [pair for pair in members if pair[1].architecture is not None]


def family_of(
    base: BaseNetwork,
    wanted: FamilyRequest,
    coefficients: Coefficients,
    measures: Mapping[str, Measure] | None = None,
) -> Family:
    """Scale a network as asked for; `measures` find out what an analysis does not count.

    Raises:
        InvalidInputError: No member keeps a target.
    """
    members = [_of_phi(base, coefficients, phi) for phi in wanted.phis]
    for text in wanted.targets:
        target = parse_target(text)
        phi = solve_phi(base, coefficients, target, (measures or {}).get(target.metric))
        members.append(_of_phi(base, coefficients, phi, text))
    members += [member_of(base, multipliers) for multipliers in wanted.multipliers]
    counted = range(1, len(wanted.multipliers) + 1)
    axes = Axis if wanted.compare else ()
    return Family(
        base=member_of(base, base.identity, phi=0),
        members=tuple(members),
        power_law=tuple(_of_phi(base, coefficients, float(phi)) for phi in counted),
        comparisons={
            axis: tuple(_compared(base, axis, member) for member in members) for axis in axes
        },
    )


def _of_phi(
    base: BaseNetwork, coefficients: Coefficients, phi: float, target: str | None = None
) -> Member:
    try:
        multipliers = coefficients.multipliers(phi, base.resolution)
    except InfeasibleArchitectureError as error:
        return Member(base.identity, phi, target, error=f"phi {phi:g}: {error}")
    return member_of(base, multipliers, phi=phi, target=target)


def _compared(base: BaseNetwork, axis: Axis, member: Member) -> Member:
    """Scale along one axis alone to a member's MACs."""
    if member.figures is None:
        return Member(base.identity, member.phi, error=member.error)
    try:
        multipliers = match_macs(base, axis, member.figures["macs"])
    except InfeasibleArchitectureError as error:
        return Member(base.identity, member.phi, error=str(error))
    return member_of(base, multipliers, phi=member.phi)
