"""Writing a cell network as one Python file that needs torch alone."""

from __future__ import annotations

import textwrap

from search_spaces.base import InputShape
from search_spaces.bundling import bundle
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.building import genotype, used_operations
from search_spaces.cell.drawing import draw_cells
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.plugins import find_or_raise_operation
from search_spaces.classifier import Classifier
from search_spaces.standalone import write_module

_LONGEST_OPERATION = 96


def write_cells(architecture: CellArchitecture, input_shape: InputShape, num_classes: int) -> str:
    """Write the module; its `build()` returns the network that `build_cells` makes."""
    canonical = architecture.canonical()
    operations = [find_or_raise_operation(name) for name in used_operations(canonical)]
    classes = list(dict.fromkeys(operation.block_class() for operation in operations))
    source = bundle([*classes, CellNetwork, Classifier])
    constants = f"""NORMAL: Genotype = {_literal(genotype(canonical.normal))}

REDUCTION: Genotype = {_literal(genotype(canonical.reduction))}

OPERATIONS: Operations = {{
{textwrap.indent(chr(10).join(_operation(op.name) for op in operations), "    ")}
}}"""
    network = f"""network = CellNetwork(
    NORMAL,
    REDUCTION,
    OPERATIONS,
    in_channels={input_shape[0]},
    num_classes={num_classes},
    repeats={canonical.repeats},
    filters={canonical.filters},
)"""
    return write_module(
        source,
        drawing=draw_cells(canonical),
        content_hash=canonical.content_hash,
        constants=constants,
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
    )


def _operation(name: str) -> str:
    operation = find_or_raise_operation(name)
    block = operation.block_class().__name__
    arguments = "".join(f", {key}={value!r}" for key, value in operation.arguments.items())
    line = f'"{name}": lambda channels, stride: {block}(channels, channels, stride{arguments}),'
    if len(line) <= _LONGEST_OPERATION:
        return line
    return line.replace("(channels", "(\n    channels").replace("),", "\n),")


def _literal(cell: Genotype) -> str:
    rows = "\n".join(f'    ({a}, "{op_a}", {b}, "{op_b}"),' for a, op_a, b, op_b in cell)
    return f"(\n{rows}\n)"
