"""Writing a cell network as one Python file that needs torch alone."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from search_spaces.base import InputShape
from search_spaces.batch_norm import BatchNorm
from search_spaces.blocks.batch_norm import set_batch_norm
from search_spaces.blocks.end_padding import pad_at_end
from search_spaces.bundling import bundle
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.building import genotype, network_arguments, used_operations
from search_spaces.cell.drawing import draw_cells
from search_spaces.cell.layout import Layout
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.plugins import find_or_raise_operation
from search_spaces.standalone import write_module

_LONGEST_OPERATION = 96


def write_cells(architecture: CellArchitecture, input_shape: InputShape, num_classes: int) -> str:
    """Write the module; its `build()` returns the network that `build_cells` makes."""
    canonical = architecture.canonical()
    operations = [find_or_raise_operation(name) for name in used_operations(canonical)]
    classes = list(dict.fromkeys(operation.block_class() for operation in operations))
    settings = _settings(canonical.layout)
    source = bundle([*classes, CellNetwork, *settings])
    constants = f"""NORMAL = {_literal(genotype(canonical.normal))}

REDUCTION = {_literal(genotype(canonical.reduction))}

OPERATIONS: Operations = {{
{textwrap.indent(chr(10).join(_operation(op.name) for op in operations), "    ")}
}}"""
    arguments = {
        "in_channels": input_shape[0],
        "num_classes": num_classes,
        **network_arguments(canonical),
    }
    given = "\n".join(f"    {name}={value}," for name, value in arguments.items())
    network = f"network = CellNetwork(\n    NORMAL,\n    REDUCTION,\n    OPERATIONS,\n{given}\n)"
    network = "\n".join([network, *settings.values()])
    return write_module(
        source,
        drawing=draw_cells(canonical),
        content_hash=canonical.content_hash,
        constants=constants,
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
        resolution=canonical.resolution,
    )


def _settings(layout: Layout) -> dict[Callable[..., None], str]:
    """Return the functions that change the network behind its making, with their calls."""
    settings: dict[Callable[..., None], str] = {}
    if layout.padding == "end":
        settings[pad_at_end] = "pad_at_end(network)"
    norm = layout.batch_norm
    if norm != BatchNorm():
        settings[set_batch_norm] = (
            f"set_batch_norm(network, eps={norm.eps}, momentum={norm.momentum})"
        )
    return settings


def _operation(name: str) -> str:
    operation = find_or_raise_operation(name)
    block = operation.block_class().__name__
    arguments = "".join(f", {key}={value!r}" for key, value in operation.arguments.items())
    line = f'"{name}": lambda inputs, outputs, stride: {block}(inputs, outputs, stride{arguments}),'
    if len(line) <= _LONGEST_OPERATION:
        return line
    return line.replace("(inputs", "(\n    inputs").replace("),", "\n),")


def _literal(cell: Genotype) -> str:
    rows = "".join(f"\n        {_terms(terms)}," for terms in cell.blocks)
    blocks = f"({rows}\n    )" if rows else "()"
    return f"Genotype(\n    blocks={blocks},\n    outputs={cell.outputs},\n)"


def _terms(terms: tuple[tuple[int, str], ...]) -> str:
    texts = [f'({source}, "{operation}")' for source, operation in terms]
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
