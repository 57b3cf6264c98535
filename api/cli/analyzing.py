"""`nas analyze`: an architecture's layers, parameters and MACs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import JsonOption
from api.cli.output import console, print_json, print_table
from nas.analysis_view import AnalysisView
from nas.errors import InvalidInputError
from search_spaces import draw, parse_architecture
from search_spaces.base import InputShape


def analyze_command(
    architecture: Annotated[
        Path, typer.Argument(metavar="ARCH.json", help="Architecture, or an export of one.")
    ],
    input_shape: Annotated[
        str, typer.Option("--input", help="Shape of one image: CHANNELSxHEIGHTxWIDTH.")
    ] = "3x32x32",
    classes: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of classes.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show an architecture's layers with their output shapes, parameters and MACs."""
    shape = _parse_shape(input_shape)
    try:
        text = architecture.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"ARCH.json: cannot read {architecture}: {error}") from error
    parsed = parse_architecture(text)
    view = AnalysisView.of(parsed, shape, classes, name=architecture.stem)
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


def _parse_shape(text: str) -> InputShape:
    parts = text.split("x")
    if len(parts) == 3 and all(part.isdecimal() and int(part) > 0 for part in parts):
        channels, height, width = map(int, parts)
        return channels, height, width
    raise InvalidInputError(f"--input: got {text!r}, allowed: CHANNELSxHEIGHTxWIDTH, as 3x32x32")
