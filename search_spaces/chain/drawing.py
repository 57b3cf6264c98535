"""A chain of layers as text: each layer with what it does and what it takes."""

from __future__ import annotations

from collections.abc import Iterable

from search_spaces.chain.architecture import ChainArchitecture, Layer


def draw_chain(architecture: ChainArchitecture) -> str:
    """Draw the layers in order, with the layers that each takes."""
    texts = [layer_text(layer) for layer in architecture.layers]
    names = [f"layer {number}" for number in range(len(texts))]
    name_width, text_width = max(map(len, (*names, "classifier"))), max(map(len, texts))
    lines = [
        f"{name:<{name_width}}  {text:<{text_width}}  ◀─ {_taken(layer.inputs)}"
        for name, text, layer in zip(names, texts, architecture.layers, strict=True)
    ]
    head = f"global {architecture.head_pool}"
    unused = _taken(architecture.unused_layers)
    lines.append(f"{'classifier':<{name_width}}  {head:<{text_width}}  ◀─ {unused}")
    return "\n".join(lines)


def layer_text(layer: Layer) -> str:
    """Say what a layer does, in a line."""
    text = f"{layer.filter_height}x{layer.filter_width} conv, {layer.filters} filters"
    if (layer.stride_height, layer.stride_width) != (1, 1):
        text += f", stride {layer.stride_height}x{layer.stride_width}"
    return text + (", max pool" if layer.pool == "max" else "")


def _taken(layers: Iterable[int]) -> str:
    """List layers in ascending order, three or more in a row as a range."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and runs[-1][-1] == layer - 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(texts) or "image"
