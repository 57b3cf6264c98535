from __future__ import annotations

from itertools import permutations, product

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import build
from search_spaces.cell.architecture import Block, Cell
from search_spaces.cell.layout import Layout
from search_spaces.cell.operations import NONE
from tests.search_spaces.strategies import (
    architecture_of,
    architectures,
    cell_of,
    cells,
    concatenations,
    laid_out_architectures,
    layouts,
    loose_cells,
)

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
    concatenate = cell.concatenate
    if not isinstance(concatenate, str):
        concatenate = tuple(state[each] for each in concatenate)
    return cell_of(*rows, concatenate=concatenate)


def isomorphic_cells(cell: Cell) -> set[Cell]:
    """All ways to write the same graph, found by trying everything."""
    count = len(cell.blocks)
    every = (
        renumbered(cell, order, swaps)
        for order in permutations(range(count))
        for swaps in product((False, True), repeat=count)
    )
    return {written_alike(found) for found in every if found is not None}


def written_alike(cell: Cell) -> Cell:
    """Write what is put out as canonical forms do."""
    outputs = cell.output_states
    loose = cell.model_copy(update={"concatenate": "unused"}).output_states
    return cell.model_copy(update={"concatenate": "unused" if outputs == loose else outputs})


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
    cell = cell.model_copy(update={"concatenate": draw(concatenations(count))})
    other = renumbered(cell, tuple(placed), swaps)
    assert other is not None
    return cell, other


@given(isomorphic_pairs())
def test_renumbered_cells_have_one_canonical_form_and_hash(pair):
    cell, other = pair
    assert cell.canonical() == other.canonical()
    assert architecture_of(cell).content_hash == architecture_of(other).content_hash


@given(architectures() | laid_out_architectures())
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


def meaning(cell: Cell) -> list[str]:
    """What a cell puts out, as nested sums; by the definition, without our pruning."""
    states: list[str | None] = ["before last", "last"]
    taken = set()
    for block in cell.blocks:
        terms = []
        for source, operation in zip(block.inputs, block.operations, strict=True):
            if operation != NONE and states[source] is not None:
                taken.add(source)
                is_strided = source < 2
                name = operation if is_strided else operation.removeprefix("strided_")
                terms.append(f"{name}({states[source]})")
        states.append(" + ".join(sorted(terms)) if terms else None)
    if cell.concatenate == "unused":
        put_out = [state for number, state in enumerate(states) if number not in taken]
    elif cell.concatenate == "all":
        put_out = states[2:]
    else:
        put_out = [states[number] for number in cell.concatenate]
    found = sorted(state for state in put_out if state is not None)
    return found or ["before last", "last"]


@given(loose_cells(max_blocks=5))
def test_canonical_form_puts_out_what_the_cell_puts_out(cell):
    assert meaning(cell.canonical()) == meaning(cell)
    assert meaning(cell.pruned()) == meaning(cell)
    assert cell.pruned().canonical() == cell.canonical()


@given(loose_cells(max_blocks=4))
def test_no_block_of_the_canonical_form_can_be_left_out(cell):
    canonical = cell.canonical()
    needed = set(canonical.output_states)
    for number in reversed(range(len(canonical.blocks))):
        if number + 2 in needed:
            assert canonical.edges[number]
            needed |= {source for source, _ in canonical.edges[number]}
        else:
            assert canonical.edges == ((),)  # the one block of a cell of which no block is left


@given(loose_cells(max_blocks=4), st.data())
def test_block_that_reaches_no_output_does_not_change_the_hash(cell, data):
    pruned = cell.pruned()
    source = st.integers(0, len(pruned.blocks) + 1)
    added = Block(
        inputs=(data.draw(source), data.draw(source)), operations=("conv_3x3", "conv_1x1")
    )
    longer = Cell(blocks=(*pruned.blocks, added), concatenate=pruned.output_states)
    assert longer.canonical() == cell.canonical()
    assert architecture_of(longer).content_hash == architecture_of(cell).content_hash


@given(cells(max_blocks=3), st.data())
def test_what_a_none_cuts_off_does_not_change_the_hash(cell, data):
    """A block of two `none` before all others: whatever takes it is no edge."""
    operation = st.sampled_from(("conv_3x3", "identity", "max_pool_3x3_plain"))
    shifted = [
        Block(
            inputs=tuple(s if s < 2 else s + 1 for s in block.inputs), operations=block.operations
        )
        for block in cell.blocks
    ]
    silent = Block(inputs=(0, data.draw(st.integers(0, 1))), operations=(NONE, NONE))
    last = Block(inputs=(2, 2), operations=(data.draw(operation), NONE))
    longer = Cell(blocks=(silent, *shifted, last))
    assert longer.canonical() == cell.canonical()


def test_block_with_one_edge_is_no_block_with_two():
    single, double = (
        cell_of((0, "conv_1x1", 1, other), (2, "identity", 1, "identity"))
        for other in (NONE, "conv_1x1")
    )
    assert single.canonical() != double.canonical()
    assert single.canonical().blocks[0].operations == ("conv_1x1", NONE)


def test_strided_identity_is_an_identity_where_nothing_strides():
    plain, strided = (
        cell_of((0, name, 1, "conv_1x1"), (2, name, 1, "conv_1x1"))
        for name in ("identity", "strided_identity")
    )
    assert architecture_of(plain, plain).content_hash == (
        architecture_of(strided, plain).content_hash
    )
    assert architecture_of(plain, plain).content_hash != (
        architecture_of(plain, strided).content_hash
    )
    assert strided.canonical().edges[1] == plain.canonical().edges[1]


def test_concatenation_named_is_the_one_by_rule():
    rows = ((0, "identity", 1, "conv_1x1"), (2, "conv_3x3", 1, "identity"))
    unused = cell_of(*rows)
    assert cell_of(*rows, concatenate=(3,)).canonical() == unused.canonical()
    every, named = cell_of(*rows, concatenate="all"), cell_of(*rows, concatenate=(3, 2))
    assert every.canonical() == named.canonical() != unused.canonical()


@given(loose_cells(), layouts())
def test_layout_that_says_no_more_than_a_default_has_its_hash(cell, layout):
    given_ = architecture_of(cell, filters=8, repeats=2, layout=layout)
    if layout.later_stacks is None:
        same = layout.model_copy(update={"later_stacks": (2, 2)})
        assert architecture_of(cell, filters=8, repeats=2, layout=same).content_hash == (
            given_.content_hash
        )
    if layout.stem_width is None:
        same = layout.model_copy(update={"stem_width": 24})
        assert architecture_of(cell, filters=8, repeats=2, layout=same).content_hash == (
            given_.content_hash
        )


def test_every_field_of_the_layout_that_shows_changes_the_hash():
    cell = cell_of((0, "conv_3x3", 1, "identity"))
    others = [
        Layout(stem="imagenet"),
        Layout(stem_width=5),
        Layout(raw_stem=True),
        Layout(later_stacks=(1,)),
        Layout(bypass_reductions=True),
        Layout(last_projections=2),
        Layout(padding="end"),
        Layout(final_activation=False),
        Layout(batch_norm={"eps": 1e-3}),
        Layout(drop_path=0.1),
    ]
    hashes = {architecture_of(cell, filters=8, layout=layout).content_hash for layout in others}
    hashes.add(architecture_of(cell, filters=8).content_hash)
    assert len(others) == len(Layout.model_fields)
    assert len(hashes) == len(others) + 1
    only_last = cell_of((1, "conv_3x3", 1, "identity"), concatenate="all")
    for layout in (Layout(raw_stem=True), Layout(bypass_reductions=True)):
        assert architecture_of(only_last, layout=layout).content_hash == (
            architecture_of(only_last).content_hash
        )
