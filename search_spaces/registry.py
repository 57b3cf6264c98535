"""Every search space by name: ours here, users' through the entry point `nas.search_spaces`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from inspect import isabstract
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from search_spaces.base import Architecture, InputShape, SearchSpace
from search_spaces.blocks.rounding import DIVISOR
from search_spaces.cell.space import CellSpace
from search_spaces.chain.space import ChainSpace
from search_spaces.entry_points import Extensions, load_extensions
from search_spaces.errors import (
    InfeasibleArchitectureError,
    InvalidArchitectureError,
    InvalidSpaceOptionsError,
    UnknownSpaceError,
    first_problem,
    shown,
)
from search_spaces.formatting import formatted
from search_spaces.nasbench201.space import NasBench201Space
from search_spaces.stages.space import StagesSpace

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.classifier import Classifier

AnySpace = SearchSpace[Any, Any]

ENTRY_POINT_GROUP = "nas.search_spaces"

_OWN_SPACES: tuple[type[AnySpace], ...] = (
    CellSpace,
    StagesSpace,
    ChainSpace,
    NasBench201Space,
)


@cache
def spaces() -> Mapping[str, type[AnySpace]]:
    """Return all spaces by name; an entry point may add a space but not replace one of ours."""
    return {**_own_spaces(), **_extensions().found}


@cache
def _extensions() -> Extensions[type[AnySpace]]:
    return load_extensions(ENTRY_POINT_GROUP, _usable_space, taken=_own_spaces())


def _own_spaces() -> dict[str, type[AnySpace]]:
    return {space.name: space for space in _OWN_SPACES}


def _usable_space(name: str, loaded: object) -> type[AnySpace]:
    """Return what an entry point loaded if it can be used; raises `ValueError` if not."""
    if not (isinstance(loaded, type) and issubclass(loaded, SearchSpace)):
        raise ValueError(f"got {shown(loaded)}, allowed: a subclass of SearchSpace")
    if isabstract(loaded):
        missing = ", ".join(sorted(loaded.__abstractmethods__))
        raise ValueError(f"{loaded.__name__} does not define {missing}")
    if loaded.name != name:
        raise ValueError(f"{loaded.__name__}.name is {loaded.name!r}, allowed: {name!r}")
    space: AnySpace = loaded(loaded.options_type())
    if not space.decisions:
        raise ValueError(f"{loaded.__name__} has no decisions with its default options")
    return loaded


def find_or_raise_space(name: str) -> type[AnySpace]:
    """Return the space class called `name`; raises `UnknownSpaceError`."""
    try:
        return spaces()[name]
    except KeyError:
        raise UnknownSpaceError(
            f"no search space {name!r}; known: {', '.join(sorted(spaces()))}"
            f"{_extensions().refusal(name)}"
        ) from None


def create_space(
    name: str,
    options: Mapping[str, Any] | None = None,
    input_shape: InputShape | None = None,
) -> AnySpace:
    """Set up the space called `name`; what `options` leaves out is at its default.

    With an `input_shape` it is as the space suggests for such images.

    Raises:
        UnknownSpaceError: No space has this name.
        InvalidSpaceOptionsError: An option is unknown or out of range.
    """
    space = find_or_raise_space(name)
    try:
        given = dict(options or {})
        if input_shape is not None:
            given = space.suggested_options(input_shape).model_dump() | given
        return space(space.options_type.model_validate(given))
    except ValidationError as error:
        raise InvalidSpaceOptionsError(f"of space {name!r}: {first_problem(error)}") from error


def parse_architecture(data: object) -> Architecture:
    """Read an architecture from its JSON form (parsed, or text), bare or as exported.

    Raises:
        InvalidArchitectureError: The data is no architecture; the message names the field.
    """
    if isinstance(data, str | bytes):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise InvalidArchitectureError(f"architecture is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InvalidArchitectureError(
            f"architecture must be a JSON object, got {type(data).__name__}"
        )
    inner = data.get("architecture")
    if "space" not in data and isinstance(inner, dict):
        data = inner  # the envelope that our own JSON export writes
    name = data.get("space")
    if not isinstance(name, str) or name not in spaces():
        raise InvalidArchitectureError(
            f"architecture.space: got {shown(name)}, allowed: {', '.join(sorted(spaces()))}"
        )
    try:
        return spaces()[name].architecture_type.model_validate(data)
    except ValidationError as error:
        raise InvalidArchitectureError(f"architecture.{first_problem(error)}") from error


def scale(
    architecture: Architecture, *, width: float, depth: float, divisor: int = DIVISOR
) -> Architecture:
    """Multiply channels by `width` and layers by `depth`; `SearchSpace.scale` says how.

    The resolution stays. Any architecture scaled by 1 is equal to itself.

    Raises:
        UnscalableSpaceError: The architecture's space does not say how.
        InfeasibleArchitectureError: A scaled number is larger than an architecture may have.
    """
    space = spaces()[architecture.space]
    try:
        scaled: Architecture = space.scale(architecture, width=width, depth=depth, divisor=divisor)
    except ValidationError as error:
        raise InfeasibleArchitectureError(
            f"architecture scaled by width {width:g} and depth {depth:g}: {first_problem(error)}"
        ) from error
    return scaled


def build(architecture: Architecture, input_shape: InputShape, num_classes: int) -> nn.Module:
    """Build the network of `architecture`: `(N, C, H, W)` in, `(N, num_classes)` logits out.

    It takes images of any size; `build_classifier` resizes them to the architecture's resolution.

    Weights are drawn from torch's global generator: seed it first for a repeatable start.
    """
    return spaces()[architecture.space].build(architecture, input_shape, num_classes)


def build_classifier(
    architecture: Architecture, input_shape: InputShape, num_classes: int
) -> Classifier:
    """Build the network behind the normalisation of its data set: images in [0, 1] to logits.

    Where the architecture names a resolution, images are resized to it.
    """
    from search_spaces.classifier import Classifier, ResizingClassifier  # needs torch

    network = build(architecture, input_shape, num_classes)
    if architecture.resolution is None:
        return Classifier(network, input_shape[0])
    return ResizingClassifier(network, input_shape[0], architecture.resolution)


def draw(architecture: Architecture) -> str:
    """Draw `architecture` as plain text."""
    drawing = spaces()[architecture.space].draw(architecture)
    if architecture.resolution is None:
        return drawing
    return f"images resized to {architecture.resolution} pixels\n{drawing}"


def draw_svg(architecture: Architecture) -> str:
    """Draw `architecture` as an SVG document: its operations as boxes, inputs at the top."""
    from search_spaces.svg import draw_graphs  # with the XML library, which few programs need

    space = spaces()[architecture.space]
    return draw_graphs(space.pictures(architecture), f"Architecture of space {space.name}")


def standalone_source(architecture: Architecture, input_shape: InputShape, num_classes: int) -> str:
    """Write `architecture` as a formatted Python module that needs torch alone.

    Raises:
        StandaloneSourceError: The source of one of its operations cannot be copied.
    """
    space = spaces()[architecture.space]
    return formatted(space.standalone_source(architecture, input_shape, num_classes))
