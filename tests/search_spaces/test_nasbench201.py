from __future__ import annotations

from collections import Counter, defaultdict
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from search_spaces import (
    Encoding,
    InvalidArchitectureError,
    InvalidDecisionsError,
    build,
    create_space,
    draw,
    parse_architecture,
)
from search_spaces.analysis import analyze
from search_spaces.nasbench201.architecture import NasBench201Architecture
from search_spaces.nasbench201.building import live_edges
from search_spaces.nasbench201.canonical import (
    Operations,
    every_cell,
    expression,
    representative,
    topology,
)
from search_spaces.nasbench201.network import CellModule, make_operation
from search_spaces.nasbench201.operations import EDGES, OPERATIONS, WITH_WEIGHTS

NONE, SKIP, CONV1, CONV3, POOL = OPERATIONS


def architecture_of(*operations: str, cells: int = 1, filters: int = 4) -> NasBench201Architecture:
    return NasBench201Architecture.model_validate(
        {"operations": operations, "cells": cells, "filters": filters}
    )


def test_decisions_are_the_columns_of_the_benchmarks_tables():
    space = create_space("nasbench201")
    columns = ["edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3"]
    assert [decision.name for decision in space.decisions] == columns
    row = dict(zip(columns, (CONV3, POOL, NONE, SKIP, CONV1, CONV3), strict=True))
    architecture = space.architecture(row)
    assert architecture.operations == tuple(row.values())
    assert space.choices(architecture) == row
    assert space.size == len(set(every_cell())) == 15_625


@pytest.mark.parametrize(
    ("operation", "params", "macs"), [(CONV3, 1_531_546, 220_119_680), (NONE, 73_306, 7_783_040)]
)
def test_network_has_the_benchmarks_size(operation, params, macs):
    """The benchmark lists 1.531546 M and 220.12 M, and 0.073306 M and 7.78 M, for CIFAR-10."""
    architecture = architecture_of(*[operation] * 6, cells=5, filters=16)
    analysis = analyze(architecture, (3, 32, 32), 10)
    assert (analysis.params, analysis.macs) == (params, macs)


def test_unique_cells_are_counted_as_in_the_literature_and_by_what_they_compute():
    cells = every_cell()
    assert len({topology(cell) for cell in cells}) == 6_466
    assert len({topology(cell, none_vanishes=False) for cell in cells}) == 12_751
    assert len({expression(cell) for cell in cells}) == 5_875
    assert len({representative(cell) for cell in cells}) == 5_875


def test_topology_joins_different_functions_which_content_hashes_keep_apart():
    taken_twice = (CONV1, SKIP, SKIP, SKIP, SKIP, SKIP)
    two_of_them = (SKIP, SKIP, CONV1, CONV1, SKIP, SKIP)
    assert topology(taken_twice) == topology(two_of_them)
    bias_alone = (NONE, NONE, NONE, NONE, CONV1, NONE)
    constant = (NONE, NONE, NONE, NONE, NONE, NONE)
    assert topology(bias_alone) == topology(constant)
    for one, other in ((taken_twice, two_of_them), (bias_alone, constant)):
        assert architecture_of(*one).content_hash != architecture_of(*other).content_hash


PRIME = 2**61 - 1


def is_live(edge: int, cell: Operations) -> bool:
    """Tell whether an edge is there and its target leads to the output, step by step."""
    target = EDGES[edge][1]
    onward = (other for other, (source, _) in enumerate(EDGES) if source == target)
    return cell[edge] != NONE and (target == 3 or any(is_live(other, cell) for other in onward))


def outputs(cell: Operations) -> Counter[int]:
    """All values of the cell over all ways to give its convolutions their functions.

    Numbers modulo a prime stand for feature maps, cubic polynomials for the operations; that of
    a pooling keeps zero. Pooling is linear, which this arithmetic does not know: sums of pooled
    maps and pooled sums differ by rounding, so their cells are told apart.
    """
    live = [edge for edge in range(6) if is_live(edge, cell)]
    by_kind = {kind: [edge for edge in live if cell[edge] == kind] for kind in sorted(WITH_WEIGHTS)}
    found: Counter[int] = Counter()
    for first in permutations(range(len(by_kind[CONV1]))):
        for second in permutations(range(len(by_kind[CONV3]))):
            bias = {edge: 17 + n for edge, n in zip(by_kind[CONV1], first, strict=True)}
            bias |= {edge: 1009 + n for edge, n in zip(by_kind[CONV3], second, strict=True)}
            nodes = [123_456_789, 0, 0, 0]
            for edge in live:
                source, target = EDGES[edge]
                value = nodes[source]
                if cell[edge] == POOL:
                    value = 31 * value**3
                elif cell[edge] != SKIP:
                    value = (bias[edge] * value + 5) ** 3 + bias[edge]
                nodes[target] = (nodes[target] + value) % PRIME
            found[nodes[3]] += 1
    return found


def test_cells_share_a_form_exactly_if_they_compute_the_same_with_their_weights_exchanged():
    forms_of = defaultdict(set)
    functions_of = defaultdict(set)
    for cell in every_cell():
        function = frozenset(outputs(cell).items())
        forms_of[function].add(representative(cell))
        functions_of[representative(cell)].add(function)
    assert {len(forms) for forms in forms_of.values()} == {1}
    assert {len(functions) for functions in functions_of.values()} == {1}


def compute_literally(cell: Operations, weights: dict[int, nn.Module], x: Tensor) -> Tensor:
    """Compute a cell as the paper defines it, all six edges, dead ones too."""
    nodes = [x]
    for node in (1, 2, 3):
        total = torch.zeros_like(x)
        for edge, (source, target) in enumerate(EDGES):
            if target == node and cell[edge] != NONE:
                total = total + weights[edge](nodes[source])
        nodes.append(total)
    return nodes[3]


@torch.no_grad()
def test_built_cell_computes_what_the_six_edges_do_given_their_weights():
    rng = np.random.default_rng(0)
    cells = [cell for cell in every_cell() if representative(cell) != cell]
    torch.manual_seed(0)
    for index in rng.choice(len(cells), 40, replace=False):
        cell = cells[index]
        module = CellModule(live_edges(architecture_of(*cell).canonical()), 3).double()
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.bias.uniform_(-1, 1)
        x = torch.rand(2, 3, 5, 5, dtype=torch.double) - 0.5
        expected = module.train()(x)
        weights = {
            edge: make_operation(operation, 3).double()
            for edge, operation in enumerate(cell)
            if operation != NONE
        }
        used = [edge for edge in weights if cell[edge] in WITH_WEIGHTS and is_live(edge, cell)]
        given = [
            operation
            for (_, _, name), operation in zip(module.edges, module.operations, strict=True)
            if name in WITH_WEIGHTS
        ]
        assert any(
            torch.allclose(
                compute_literally(cell, weights | dict(zip(used, order, strict=True)), x), expected
            )
            for order in permutations(given)
            if all(
                operation[1].kernel_size == weights[edge][1].kernel_size
                for edge, operation in zip(used, order, strict=True)
            )
        ), cell


@pytest.mark.parametrize(
    "operations",
    [
        (NONE,) * 6,
        (CONV3, SKIP, CONV1, NONE, NONE, NONE),
        (NONE, NONE, POOL, NONE, POOL, SKIP),
        (NONE, NONE, NONE, NONE, CONV3, CONV1),
    ],
)
def test_cell_cut_from_its_input_still_builds_trains_and_is_analysed(operations):
    architecture = architecture_of(*operations)
    torch.manual_seed(0)
    network = build(architecture, (1, 8, 8), 3)
    network.train()(torch.rand(4, 1, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert network.stem[0].weight.grad.abs().max() == 0
    logits = network.eval()(torch.rand(4, 1, 8, 8))
    assert torch.equal(logits, logits[:1].expand_as(logits))
    built = sum(p.numel() for p in network.parameters())
    assert analyze(architecture, (1, 8, 8), 3).params == built


def test_path_vector_marks_the_operations_along_each_path():
    space = create_space("nasbench201", {"cells": 1, "filters": 4})
    cell = architecture_of(CONV3, POOL, CONV1, SKIP, CONV1, CONV3)
    assert cell.canonical() == cell
    index = list(OPERATIONS).index
    vector = space.encode(cell, Encoding.PATH)
    assert vector.shape == (155,)
    marked = {
        index(SKIP),
        5 + 5 * index(CONV3) + index(CONV1),
        5 + 5 * index(POOL) + index(CONV3),
        30 + 25 * index(CONV3) + 5 * index(CONV1) + index(CONV3),
    }
    assert set(np.flatnonzero(vector)) == marked


def test_path_vectors_never_differ_for_equal_hashes():
    space = create_space("nasbench201", {"cells": 1, "filters": 4})
    rng = np.random.default_rng(2)
    vectors: dict[str, set[bytes]] = defaultdict(set)
    for _ in range(500):
        cell = space.sample(rng)
        for each in (cell, *list(space.neighbours(cell))[:3]):
            vectors[each.content_hash].add(space.encode(each, Encoding.PATH).tobytes())
    assert {len(found) for found in vectors.values()} == {1}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"operations": [SKIP] * 5}, "operations"),
        ({"operations": [SKIP] * 7}, "operations"),
        ({"operations": [SKIP] * 5 + ["conv"]}, r"operations\.5: .*'none'"),
        ({"filters": 0}, "filters"),
        ({"cells": 65}, "cells"),
    ],
)
def test_wrong_value_is_refused_by_name(change, named):
    data = architecture_of(*[SKIP] * 6).model_dump(mode="json") | change
    with pytest.raises(InvalidArchitectureError, match=named):
        parse_architecture(data)


def test_architecture_of_another_size_is_no_point_of_the_space():
    with pytest.raises(InvalidDecisionsError, match="cells=1, the space cells=5"):
        create_space("nasbench201").choices(architecture_of(*[SKIP] * 6))


def test_drawing_shows_each_node_with_its_edges():
    text = draw(architecture_of(CONV3, POOL, CONV1, SKIP, NONE, NONE))
    for part in ("nor_conv_3x3", "avg_pool_3x3", "node 1", "node 2", "output", "4 filters"):
        assert part in text
    assert "none" not in text
