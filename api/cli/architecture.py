"""An architecture named on the command line: a file, an export, or a case study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nas.errors import InvalidInputError
from search_spaces import Architecture, InputShape, parse_architecture
from search_spaces.case_studies import CaseStudy, case_studies

_DEFAULT_SHAPE: InputShape = (3, 32, 32)
_DEFAULT_CLASSES = 10

ArchitectureArgument = Annotated[
    str,
    typer.Argument(
        metavar="ARCH.json|CASE_STUDY",
        help="Architecture, or an export of one, or a name of `nas case-studies`.",
    ),
]
InputOption = Annotated[
    str | None,
    typer.Option(
        "--input",
        help="Shape of one image: CHANNELSxHEIGHTxWIDTH; default: a case study's own, "
        "else 3x32x32.",
    ),
]
ClassesOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000,
        help="Number of classes; default: a case study's own, else 10.",
    ),
]


@dataclass(frozen=True, slots=True)
class NamedNetwork:
    """An architecture and the images and classes that its network is for."""

    name: str
    architecture: Architecture
    input_shape: InputShape
    num_classes: int


def read_network(name: str, input_shape: str | None, classes: int | None) -> NamedNetwork:
    """Find what a command names; raises `InvalidInputError` if there is no such architecture."""
    study = case_studies().get(name)
    return NamedNetwork(
        Path(name).stem if study is None else study.name,
        _read(Path(name)) if study is None else study.architecture,
        _shape(study) if input_shape is None else _parse_shape(input_shape),
        classes or (_DEFAULT_CLASSES if study is None else study.num_classes),
    )


def _shape(study: CaseStudy | None) -> InputShape:
    return _DEFAULT_SHAPE if study is None else study.input_shape


def _read(path: Path) -> Architecture:
    try:
        return parse_architecture(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"ARCH.json: cannot read {path}: {error}; and no case study has that name, "
            "see `nas case-studies`"
        ) from error


def _parse_shape(text: str) -> InputShape:
    parts = text.split("x")
    if len(parts) == 3 and all(part.isdecimal() and int(part) > 0 for part in parts):
        channels, height, width = map(int, parts)
        return channels, height, width
    raise InvalidInputError(f"--input: got {text!r}, allowed: CHANNELSxHEIGHTxWIDTH, as 3x32x32")
