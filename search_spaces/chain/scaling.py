"""Scaled chains: more filters in every layer, and layers repeated, skip connections kept.

Tan, Le: EfficientNet, ICML 2019, section 3.3, whose deeper stages repeat their last layer.
"""

from __future__ import annotations

from search_spaces.blocks.rounding import DIVISOR, deepened, widened
from search_spaces.chain.architecture import ChainArchitecture, Layer


def scale(
    architecture: ChainArchitecture, *, width: float, depth: float, divisor: int = DIVISOR
) -> ChainArchitecture:
    """Multiply every layer's filters, and their number by repeating layers, evenly spread.

    Of a repeated layer the first takes the inputs and strides, each further one takes the one
    before it, the last pools and is what later layers take. So a layer repeated twice has about
    twice the MACs. No layer is left out: a chain never has less than it had.

    Raises:
        ValidationError: A scaled number is larger than an architecture may have.
    """
    count = len(architecture.layers)
    total = max(count, deepened(count, depth))
    scaled: list[Layer] = []
    last_of: list[int] = []
    for number, layer in enumerate(architecture.layers):
        repeats = (number + 1) * total // count - number * total // count
        wide = layer.model_copy(update={"filters": widened(layer.filters, width, divisor)})
        inputs = tuple(last_of[source] for source in layer.inputs)
        for repeat in range(repeats):
            of_first = {"inputs": inputs}
            of_further = {"inputs": (len(scaled) - 1,), "stride_height": 1, "stride_width": 1}
            update = of_first if repeat == 0 else of_further
            pools = {} if repeat == repeats - 1 else {"pool": "none"}
            scaled.append(wide.model_copy(update=update | pools))
        last_of.append(len(scaled) - 1)
    data = architecture.model_dump()
    return type(architecture).model_validate(
        data | {"layers": [layer.model_dump() for layer in scaled]}
    )
