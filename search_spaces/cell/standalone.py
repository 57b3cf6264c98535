"""Writing a cell network as one Python file that needs torch alone."""

from __future__ import annotations

import textwrap

from search_spaces.base import InputShape
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.building import genotype, used_operations
from search_spaces.cell.drawing import draw_cells
from search_spaces.cell.network import CellNetwork, Genotype
from search_spaces.cell.operations import OPERATIONS
from search_spaces.classifier import Classifier
from search_spaces.standalone import bundle

_LONGEST_OPERATION = 96


def write_cells(architecture: CellArchitecture, input_shape: InputShape, num_classes: int) -> str:
    """Write the module; its `build()` returns the network that `build_cells` makes."""
    canonical = architecture.canonical()
    operations = [OPERATIONS[name] for name in used_operations(canonical)]
    classes = list(dict.fromkeys(operation.block_class() for operation in operations))
    source = bundle([*classes, CellNetwork, Classifier])
    channels, height, width = input_shape
    return f'''"""A convolutional network found by architecture search. It needs torch alone.

    from pathlib import Path
    model = load(Path("weights.pt"))  # or build() for fresh weights
    logits = model(images)  # images: (N, {channels}, {height}, {width}) float, values in [0, 1]

{draw_cells(canonical)}

architecture {canonical.content_hash}
"""

{_imports(source.imports)}


{source.render_definitions()}


NORMAL: Genotype = {_literal(genotype(canonical.normal))}

REDUCTION: Genotype = {_literal(genotype(canonical.reduction))}

OPERATIONS: Operations = {{
{textwrap.indent(chr(10).join(_operation(op.name) for op in operations), "    ")}
}}


def build() -> Classifier:
    """Make the network, weights fresh: `(N, {channels}, H, W)` to `(N, {num_classes})` logits."""
    network = CellNetwork(
        NORMAL,
        REDUCTION,
        OPERATIONS,
        in_channels={channels},
        num_classes={num_classes},
        repeats={canonical.repeats},
        filters={canonical.filters},
    )
    return Classifier(network, {channels})


def load(weights: Path) -> Classifier:
    """Make the network and load the trained weights; ready for inference."""
    model = build()
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return model.eval()


if __name__ == "__main__":
    model = load(Path(__file__).with_suffix(".pt"))
    logits = model(torch.rand(1, {channels}, {height}, {width}))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{{parameters:,}} parameters, logits {{tuple(logits.shape)}}")
'''


def _imports(collected: dict[str, set[str]]) -> str:
    """Write the import block: the standard library first, then torch."""
    lines = {module: ", ".join(sorted(names)) for module, names in collected.items()}
    standard = [f"from {m} import {n}" for m, n in sorted(lines.items()) if m != "torch"]
    torch = ["import torch", f"from torch import {lines['torch']}"]
    return "\n".join([*standard, "from pathlib import Path", "", *torch])


def _operation(name: str) -> str:
    operation = OPERATIONS[name]
    block = operation.block_class().__name__
    arguments = "".join(f", {key}={value}" for key, value in operation.arguments.items())
    line = f'"{name}": lambda channels, stride: {block}(channels, channels, stride{arguments}),'
    if len(line) <= _LONGEST_OPERATION:
        return line
    return line.replace("(channels", "(\n    channels").replace("),", "\n),")


def _literal(cell: Genotype) -> str:
    rows = "\n".join(f'    ({a}, "{op_a}", {b}, "{op_b}"),' for a, op_a, b, op_b in cell)
    return f"(\n{rows}\n)"
