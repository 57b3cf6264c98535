"""With timm's weights, NASNet-A and PNASNet-5 compute what timm computes.

Our cells are built in canonical form, so blocks stand in another order than in the papers, and so
do the channels of a cell's output: what takes them has its weights' channels put in that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from search_spaces import build
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.cell.architecture import Cell, CellArchitecture
from search_spaces.cell.network import CellNetwork
from search_spaces.cell.pruning import INPUTS
from tests.search_spaces.case_studies.test_identity import fill

SIZE = 75
"""37, 19, 10, 5 and 3 pixels behind each halving: odd and even numbers are halved."""

SEPARABLE = {
    "separable_1.depthwise_conv2d": "1",
    "separable_1.pointwise_conv2d": "2",
    "bn_sep_1": "3",
    "separable_2.depthwise_conv2d": "5",
    "separable_2.pointwise_conv2d": "6",
    "bn_sep_2": "7",
}
INPUT = {
    "conv_prev_1x1.conv": "adjust.0.1",
    "conv_prev_1x1.bn": "adjust.0.2",
    "conv_1x1.conv": "adjust.1.1",
    "conv_1x1.bn": "adjust.1.2",
    "path_1.conv": "adjust.0.even",
    "path_2.conv": "adjust.0.odd",
    "final_path_bn": "adjust.0.norm",
}


def expressions(cell: Cell) -> list[object]:
    """Say of each state what it is, as nested sums of operations on the inputs."""
    found: list[object] = [0, 1]
    for edges in cell.edges:
        found.append(tuple(sorted((plain(op), repr(found[source])) for source, op in edges)))
    return found


def plain(operation: str) -> str:
    """Name identities alike: the canonical form tells those apart that stride."""
    return operation.removeprefix("strided_")


class Places:
    """Where the parts of a published cell stand in the cell that is built."""

    def __init__(self, published: Cell, built: Cell) -> None:
        ours = expressions(built)
        self._state = {s: ours.index(e) for s, e in enumerate(expressions(published))}
        self._published, self._built = published, built

    def operation(self, block: int, side: int) -> int:
        """Number of an operation in the built cell's flat list."""
        source, name = self._published.edges[block][side]
        place = self._state[INPUTS + block] - INPUTS
        before = sum(len(edges) for edges in self._built.edges[:place])
        terms = [(state, plain(op)) for state, op in self._built.edges[place]]
        return before + terms.index((self._state[source], plain(name)))

    def output_order(self, channels: int) -> Tensor:
        """For each channel of the built cell's output, the published cell's."""
        positions = [self._state[state] for state in self._published.output_states]
        blocks = [positions.index(state) for state in self._built.output_states]
        return torch.cat([torch.arange(channels) + channels * block for block in blocks])


def nasnet_cells() -> list[str]:
    normal = [f"cell_{i}" for i in range(18)]
    return [
        *("cell_stem_0", "cell_stem_1", *normal[:6], "reduction_cell_0"),
        *(*normal[6:12], "reduction_cell_1", *normal[12:]),
    ]


def pnasnet_cells() -> list[str]:
    return ["cell_stem_0", "cell_stem_1", *(f"cell_{i}" for i in range(12))]


def our_name(path: str, cells: list[str], places: list[Places]) -> str:
    """Translate timm's module path."""
    fixed = {"conv": "stem.0", "bn": "stem.1"}
    if path == "last_linear":
        return "head.3"
    top, _, rest = path.partition(".")
    if top in ("conv0", "conv_0"):
        return fixed[rest]
    number = cells.index(top)
    inner = rest.removeprefix("conv_prev_1x1.") if "path" in rest else rest
    if inner in INPUT:
        return f"cells.{number}.{INPUT[inner]}"
    found = re.fullmatch(r"comb_iter_(\d)_(left|right)\.(.+)", inner)
    assert found is not None, path
    operation = places[number].operation(int(found[1]), ("left", "right").index(found[2]))
    within = {**SEPARABLE, "conv": "1", "bn": "2"}[found[3]]
    return f"cells.{number}.operations.{operation}.{within}"


def with_weights_of(
    reference: nn.Module, architecture: CellArchitecture, cells: list[str]
) -> CellNetwork:
    """Build the architecture and give it the reference's weights, every one and no other."""
    with torch.device("meta"):
        network = build(architecture, (3, 331, 331), 1000)
    assert isinstance(network, CellNetwork)
    canonical = architecture.canonical()
    kinds = {
        True: Places(architecture.reduction, canonical.reduction),
        False: Places(architecture.normal, canonical.normal),
    }
    reduces = [hasattr(cell, "reduce_unused") and is_reduction(cell) for cell in network.cells]
    places = [kinds[each] for each in reduces]
    ours = network.state_dict()
    renamed: dict[str, Tensor] = {}
    for name, value in reference.state_dict().items():
        path, _, leaf = name.rpartition(".")
        found = f"{our_name(path, cells, places)}.{leaf}"
        # An identity's convolution stands in `path`, a layer that pads at the end in `layer`.
        for other in (found, re.sub(r"(operations\.\d+)\.", r"\1.path.", found)):
            parent, _, _ = other.rpartition(".")
            for candidate in (other, f"{parent}.layer.{leaf}"):
                if candidate in ours:
                    found = candidate
        assert found in ours and found not in renamed, (name, found)
        renamed[found] = permuted(found, value, network, places)
    network.load_state_dict(renamed, strict=True, assign=True)
    return network.eval()


def is_reduction(cell: nn.Module) -> bool:
    return any(
        max(module.stride) == 2
        for name, module in cell.named_modules()
        if isinstance(module, nn.Conv2d) and name.startswith("operations")
    )


def permuted(name: str, value: Tensor, network: CellNetwork, places: list[Places]) -> Tensor:
    """Put the input channels of what takes a cell's output in the order of that output."""
    adjust = re.fullmatch(r"cells\.(\d+)\.adjust\.(\d)\.(1|even|odd)\.weight", name)
    if adjust is not None:
        source = network.sources[int(adjust[1])][int(adjust[2])]
    elif name == "head.3.weight":
        source = len(network.cells)
    else:
        return value
    if source == 0:
        return value
    cell = network.cells[source - 1]
    order = places[source - 1].output_order(cell.out_channels // len(cell.outputs))
    return value[:, order]


@pytest.mark.parametrize(
    ("study_name", "reference_name", "cells"),
    [
        ("nasnet-a-large", "nasnetalarge", nasnet_cells),
        ("pnasnet-5-large", "pnasnet5large", pnasnet_cells),
    ],
)
def test_network_computes_what_timm_computes(
    study_name: str, reference_name: str, cells: Callable[[], list[str]]
) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    reference = timm.create_model(reference_name)
    fill(reference, SIZE)
    architecture = find_or_raise_case_study(study_name).architecture
    assert isinstance(architecture, CellArchitecture)
    network = with_weights_of(reference, architecture, cells())
    images = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        expected, found = reference(images), network(images)
        assert (expected[0] - expected[1]).abs().max() > 0.1
        scale = expected.abs().max()  # about 9, at which both are 2e-4 from their true logits
        torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-4)
        precise = images.double()
        expected, found = reference.double()(precise), network.double()(precise)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
