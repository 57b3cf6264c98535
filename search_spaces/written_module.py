"""The frame of a network's standalone module: what comes before and after its definitions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from search_spaces.base import Architecture, InputShape
from search_spaces.classifier import Classifier
from search_spaces.standalone import bundle


def write_module(
    architecture: Architecture,
    drawing: str,
    things: Iterable[Any],
    constants: str,
    network: str,
    input_shape: InputShape,
    num_classes: int,
) -> str:
    """Write a module that defines `build()` and `load()` and needs torch alone.

    Args:
        architecture: The canonical architecture, whose hash the module names.
        drawing: The architecture as text, for the module's docstring.
        things: Classes and functions that the module uses; their source is copied.
        constants: Source of the assignments that describe the architecture.
        network: Source of the expression that makes the network from them.
        input_shape: Shape of one image.
        num_classes: Number of logits.
    """
    source = bundle([*things, Classifier])
    channels, height, width = input_shape
    return f'''"""A convolutional network found by architecture search. It needs torch alone.

    from pathlib import Path
    model = load(Path("weights.pt"))  # or build() for fresh weights
    logits = model(images)  # images: (N, {channels}, {height}, {width}) float, values in [0, 1]

{drawing}

architecture {architecture.content_hash}
"""

{_imports(source.imports)}


{source.render_definitions()}


{constants}


def build() -> Classifier:
    """Make the network, weights fresh: `(N, {channels}, H, W)` to `(N, {num_classes})` logits."""
    network = {textwrap.indent(network, "    ").lstrip()}
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
    lines["pathlib"] = "Path"
    own_torch = lines.pop("torch")
    standard = [f"from {module} import {names}" for module, names in sorted(lines.items())]
    return "\n".join([*standard, "", "import torch", f"from torch import {own_torch}"])
