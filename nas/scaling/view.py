"""A family of scaled networks as REST, CLI and dashboard show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from nas.scaling.coefficients import Coefficients
from nas.scaling.family import Family, Member
from nas.scaling.multipliers import Axis, Multipliers
from nas.scaling.network import BaseNetwork
from search_spaces.base import InputShape


class Trained(BaseModel):
    """What training a scaled network came to."""

    trial_id: str
    status: str
    accuracy: float | None = Field(description="validation accuracy in [0, 1]")


TrainedByHash = Mapping[str, Trained]
"""Trials by the hash of their architecture."""


class MemberView(BaseModel):
    """A scaled network; figures are null where there is none, and `error` says why."""

    phi: float | None = Field(description="null where multipliers are given")
    target: str | None = Field(None, description="the bound that phi was solved for")
    multipliers: Multipliers
    resolution: int = Field(description="height of the image that it sees, pixels")
    params: int | None = Field(description="trainable parameters")
    macs: int | None = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    peak_memory_bytes: int | None = Field(
        description="inference of one image: weights, buffers, activations, float32"
    )
    architecture: dict[str, Any] | None
    trained: Trained | None = Field(None, description="null: not trained")
    error: str | None = Field(None, description="why there is no such network")

    @property
    def accuracy(self) -> float | None:
        """The accuracy, where it was trained to the end."""
        return None if self.trained is None else self.trained.accuracy

    @classmethod
    def of(cls, member: Member, trained: TrainedByHash) -> MemberView:
        """Read a member, and look up its trial."""
        architecture = member.architecture
        figures = member.figures or {}
        return cls(
            phi=member.phi,
            target=member.target,
            multipliers=member.multipliers,
            resolution=member.multipliers.resolution,
            **{
                name: int(figures[name]) if figures else None
                for name in ("params", "macs", "peak_memory_bytes")
            },
            architecture=None if architecture is None else architecture.model_dump(mode="json"),
            trained=None if architecture is None else trained.get(architecture.content_hash),
            error=member.error,
        )


class CandidateView(MemberView):
    """A network of the grid, phi being 1, and its coefficients."""

    coefficients: Coefficients


class ScalingView(BaseModel):
    """A network and its scaled versions, analysed, and trained where they were."""

    name: str
    input: InputShape = Field(description="shape of one image of the data, (C, H, W)")
    divisor: int = Field(description="widths are multiples of it")
    coefficients: Coefficients | None = Field(
        description="null: to be found by the grid, which is not trained yet"
    )
    base: MemberView = Field(description="the network that is scaled")
    members: list[MemberView]
    power_law: list[MemberView] = Field(
        description="where multipliers are given: what alpha^phi gives in their place"
    )
    comparisons: dict[Axis, list[MemberView]] = Field(
        description="for each member one of equal MACs that is larger in one way alone"
    )
    candidates: list[CandidateView] = Field(
        default_factory=list, description="the grid of coefficients, where it is searched"
    )

    @classmethod
    def of(
        cls,
        name: str,
        base: BaseNetwork,
        coefficients: Coefficients | None,
        family: Family,
        *,
        grid: list[tuple[Coefficients, Member]] | None = None,
        trained: TrainedByHash | None = None,
    ) -> ScalingView:
        """Put a family's figures together with what its trials came to."""
        results = trained or {}
        return cls(
            name=name,
            input=base.input_shape,
            divisor=base.divisor,
            coefficients=coefficients,
            base=MemberView.of(family.base, results),
            members=[MemberView.of(member, results) for member in family.members],
            power_law=[MemberView.of(member, results) for member in family.power_law],
            comparisons={
                axis: [MemberView.of(member, results) for member in members]
                for axis, members in family.comparisons.items()
            },
            candidates=[
                CandidateView(coefficients=each, **MemberView.of(member, results).model_dump())
                for each, member in grid or ()
            ],
        )
