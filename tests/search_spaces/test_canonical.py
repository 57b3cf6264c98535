from __future__ import annotations

from itertools import permutations, product

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import build
from search_spaces.cell.architecture import Cell
from tests.search_spaces.strategies import architecture_of, architectures, cell_of, cells

FEW = ("identity", "conv_1x1")


def renumbered(cell: Cell, order: tuple[int, ...], swaps: tuple[bool, ...]) -> Cell | None:
    """Write the cell's blocks in `order`; None where a block would come before one it takes."""
    state = {0: 0, 1: 1} | {old + 2: new + 2 for new, old in enumerate(order)}
    rows = []
    for new, old in enumerate(order):
        block = cell.blocks[old]
        terms = [
            (state[source], operation)
            for source, operation in zip(block.inputs, block.operations, strict=True)
        ]
        if max(source for source, _ in terms) >= new + 2:
            return None
        if swaps[new]:
            terms.reverse()
        rows.append((*terms[0], *terms[1]))
    return cell_of(*rows)


def isomorphic_cells(cell: Cell) -> set[Cell]:
    """All ways to write the same graph, found by trying everything."""
    count = len(cell.blocks)
    every = (
        renumbered(cell, order, swaps)
        for order in permutations(range(count))
        for swaps in product((False, True), repeat=count)
    )
    return {found for found in every if found is not None}


@st.composite
def isomorphic_pairs(draw: st.DrawFn) -> tuple[Cell, Cell]:
    cell = draw(cells(max_blocks=5, operations=(*FEW, "max_pool_3x3")))
    count = len(cell.blocks)
    placed: list[int] = []
    while len(placed) < count:
        ready = [
            b
            for b in range(count)
            if b not in placed and all(s < 2 or s - 2 in placed for s in cell.blocks[b].inputs)
        ]
        placed.append(draw(st.sampled_from(ready)))
    swaps = draw(st.tuples(*[st.booleans()] * count))
    other = renumbered(cell, tuple(placed), swaps)
    assert other is not None
    return cell, other


@given(isomorphic_pairs())
def test_renumbered_cells_have_one_canonical_form_and_hash(pair):
    cell, other = pair
    assert cell.canonical() == other.canonical()
    assert architecture_of(cell).content_hash == architecture_of(other).content_hash


@given(architectures())
def test_canonical_form_is_its_own_canonical_form(architecture):
    canonical = architecture.canonical()
    assert canonical.canonical() == canonical
    assert canonical.content_hash == architecture.content_hash


@given(cells(max_blocks=4, operations=FEW))
def test_canonical_form_is_one_of_the_isomorphic_cells(cell):
    assert cell.canonical() in isomorphic_cells(cell)


def test_different_graphs_have_different_forms_by_brute_force():
    """All cells of two blocks over two operations, and a slice of those of three blocks."""
    two = [
        cell_of((a, p, b, q), (c, r, d, s))
        for a, b in product(range(2), repeat=2)
        for c, d in product(range(3), repeat=2)
        for p, q, r, s in product(FEW, repeat=4)
    ]
    three = [
        cell_of((0, p, 1, q), (a, p, b, "identity"), (c, "identity", d, q))
        for p, q in product(FEW, repeat=2)
        for a, b in product(range(3), repeat=2)
        for c, d in product(range(4), repeat=2)
    ]
    for family in (two, three):
        form_of_class: dict[frozenset[Cell], Cell] = {}
        for cell in family:
            same = frozenset(isomorphic_cells(cell))
            assert form_of_class.setdefault(same, cell.canonical()) == cell.canonical()
        assert len(set(form_of_class.values())) == len(form_of_class)


@settings(max_examples=40)
@given(cells(max_blocks=4, operations=FEW), cells(max_blocks=4, operations=FEW))
def test_cells_share_a_form_exactly_if_isomorphic(one, other):
    assert (one.canonical() == other.canonical()) == (other in isomorphic_cells(one))


@settings(deadline=None, max_examples=8)
@given(isomorphic_pairs())
def test_isomorphic_cells_build_the_same_network(pair):
    built = []
    for cell in pair:
        torch.manual_seed(0)
        built.append(build(architecture_of(cell), (1, 5, 5), 3).eval())
    images = torch.rand(2, 1, 5, 5)
    assert torch.equal(built[0](images), built[1](images))


def test_copy_with_another_size_has_another_hash():
    architecture = architecture_of(cell_of((0, "identity", 1, "identity")))
    before = architecture.content_hash
    assert architecture.model_copy(update={"filters": 8}).content_hash != before
    assert architecture.model_copy().content_hash == before
