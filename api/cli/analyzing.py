"""`nas analyze`: an architecture's layers, parameters and MACs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import JsonOption
from api.cli.output import console, print_json, print_table
from nas.analysis_view import AnalysisView
from nas.errors import InvalidInputError
from search_spaces import Architecture, InputShape, draw, parse_architecture
from search_spaces.case_studies import case_studies

_DEFAULT_SHAPE: InputShape = (3, 32, 32)
_DEFAULT_CLASSES = 10


def analyze_command(
    architecture: Annotated[
        str,
        typer.Argument(
            metavar="ARCH.json|CASE_STUDY",
            help="Architecture, or an export of one, or a name of `nas case-studies`.",
        ),
    ],
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input",
            help="Shape of one image: CHANNELSxHEIGHTxWIDTH; default: a case study's own, "
            "else 3x32x32.",
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="Number of classes; default: a case study's own, else 10.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show an architecture's layers with their output shapes, parameters and MACs."""
    study = case_studies().get(architecture)
    if study is None:
        parsed, name = _read(Path(architecture)), Path(architecture).stem
        own_shape, own_classes = _DEFAULT_SHAPE, _DEFAULT_CLASSES
    else:
        parsed, name = study.architecture, study.name
        own_shape, own_classes = study.input_shape, study.num_classes
    shape = own_shape if input_shape is None else _parse_shape(input_shape)
    view = AnalysisView.of(parsed, shape, classes or own_classes, name=name)
    if as_json:
        print_json(view)
        return
    console.print(draw(parsed), highlight=False, markup=False)
    print_table(
        ("layer", "type", "output", "parameters", "MACs", "receptive field"),
        [
            (
                layer.name,
                layer.type,
                "x".join(map(str, layer.output_shape)),
                f"{layer.params:,}",
                f"{layer.macs:,}",
                "x".join(map(str, layer.field_size)),
            )
            for layer in view.layers
        ],
        "no layers",
    )
    console.print(
        f"total: {view.total.params:,} parameters, {view.total.macs:,} MACs, "
        f"receptive field {view.total.receptive_field} pixels",
        highlight=False,
    )


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
