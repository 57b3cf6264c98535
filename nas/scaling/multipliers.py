"""What a network is scaled by, in the form in which EfficientNet's code lists its family."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from search_spaces.base import MAX_RESOLUTION
from search_spaces.errors import InfeasibleArchitectureError, first_problem, shown

_LEAST, _MOST = 0.01, 1000.0


class Axis(StrEnum):
    """The three ways to make a network larger."""

    DEPTH = "depth"
    WIDTH = "width"
    RESOLUTION = "resolution"


class Multipliers(BaseModel):
    """Factors of channels and of layers, and the resolution in pixels, rounded already."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    width: float = Field(ge=_LEAST, le=_MOST, description="factor of channels", examples=[1.1])
    depth: float = Field(ge=_LEAST, le=_MOST, description="factor of layers", examples=[1.2])
    resolution: int = Field(
        ge=1, le=MAX_RESOLUTION, description="height of the image, pixels", examples=[260]
    )

    def __str__(self) -> str:
        return f"{self.width:.10g},{self.depth:.10g},{self.resolution}"


def checked_multipliers(*, width: float, depth: float, resolution: int) -> Multipliers:
    """Return multipliers that were computed, and not given by a user.

    Raises:
        InfeasibleArchitectureError: They are beyond what any network may be scaled by.
    """
    try:
        return Multipliers(
            width=round(width, 6), depth=round(depth, 6), resolution=max(1, resolution)
        )
    except ValidationError as error:
        raise InfeasibleArchitectureError(f"multipliers: {first_problem(error)}") from error


def _read(given: Any) -> Any:
    """Read the text form, `WIDTH,DEPTH,RESOLUTION`; leave any other as it is."""
    if not isinstance(given, str):
        return given
    width, *rest = given.split(",")
    if len(rest) != 2:
        raise ValueError(f"got {shown(given)}, allowed: WIDTH,DEPTH,RESOLUTION, as 1.1,1.2,260")
    return {"width": width.strip(), "depth": rest[0].strip(), "resolution": rest[1].strip()}


MultipliersRequest = Annotated[Multipliers, BeforeValidator(_read)]
"""Multipliers as an object, or as `WIDTH,DEPTH,RESOLUTION`."""


def parse_multipliers(text: str) -> Multipliers:
    """Read `WIDTH,DEPTH,RESOLUTION`; raises `ValueError`."""
    return Multipliers.model_validate(_read(text))
