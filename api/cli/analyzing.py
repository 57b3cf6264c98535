"""`nas analyze`: an architecture's layers, their cost and memory, and its drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.architectures import ArchitectureArgument, read_architecture
from api.cli.context import JsonOption
from api.cli.output import byte_size, console, print_json, print_table
from nas.analysis_view import MAX_BATCH_SIZE, AnalysisView
from nas.errors import InvalidInputError
from search_spaces import Architecture, InputShape, draw, draw_svg
from search_spaces.case_studies import CaseStudy

_DEFAULT_SHAPE: InputShape = (3, 32, 32)
_DEFAULT_CLASSES = 10
_NUMBERS = ("parameters", "MACs", "activations", "receptive\nfield")
_STANDARD_OUTPUT = "-"


def analyze_command(
    architecture: ArchitectureArgument,
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
    batch_size: Annotated[
        int,
        typer.Option(min=1, max=MAX_BATCH_SIZE, help="Images at once, for the memory shown."),
    ] = 1,
    svg: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Draw the architecture to FILE; '-': to standard output alone."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show an architecture's layers: output shapes, parameters, MACs, memory, receptive fields."""
    parsed, study = read_architecture(architecture)
    if svg is not None:
        _write_drawing(parsed, svg, as_json=as_json)
        if svg == _STANDARD_OUTPUT:
            return
    view = AnalysisView.of(
        parsed,
        _shape(study) if input_shape is None else _parse_shape(input_shape),
        classes or (_DEFAULT_CLASSES if study is None else study.num_classes),
        name=Path(architecture).stem if study is None else study.name,
        batch_size=batch_size,
    )
    if as_json:
        print_json(view)
    else:
        _print(parsed, view)


def _print(architecture: Architecture, view: AnalysisView) -> None:
    console.print(draw(architecture), highlight=False, markup=False)
    print_table(
        ("layer", "type", "output", *_NUMBERS),
        [
            (
                layer.name,
                layer.type,
                "x".join(map(str, layer.output_shape)),
                f"{layer.params:,}",
                f"{layer.macs:,}",
                byte_size(layer.activation_bytes),
                "x".join(map(str, layer.field_size)),
            )
            for layer in view.layers
        ],
        "no layers",
        numbers=_NUMBERS,
    )
    total = view.total
    console.print(
        f"total: {total.params:,} parameters, {total.macs:,} MACs, depth {total.depth}, "
        f"receptive field {total.receptive_field} pixels",
        f"memory at batch size {view.batch_size}, float32: "
        f"{byte_size(total.peak_activation_bytes)} of activations at the peak of inference, "
        f"about {byte_size(total.training_bytes)} to train",
        sep="\n",
        highlight=False,
    )


def _write_drawing(architecture: Architecture, target: str, *, as_json: bool) -> None:
    drawing = draw_svg(architecture)
    if target == _STANDARD_OUTPUT:
        if as_json:
            raise InvalidInputError(
                "--svg: got '-' with --json, allowed: one of them on standard output, "
                "or --svg with a file"
            )
        console.file.write(drawing)
        return
    try:
        Path(target).write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"--svg: cannot write {target}: {error.strerror}") from error


def _shape(study: CaseStudy | None) -> InputShape:
    return _DEFAULT_SHAPE if study is None else study.input_shape


def _parse_shape(text: str) -> InputShape:
    parts = text.split("x")
    if len(parts) == 3 and all(part.isdecimal() and int(part) > 0 for part in parts):
        channels, height, width = map(int, parts)
        return channels, height, width
    raise InvalidInputError(f"--input: got {text!r}, allowed: CHANNELSxHEIGHTxWIDTH, as 3x32x32")
