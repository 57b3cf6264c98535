"""Canonical form of a cell's graph: equal for isomorphic cells, different for all others.

A cell does not change when its blocks are renumbered or when the two terms of a block's sum
are swapped. The canonical form is the least encoding over all such renumberings. Most blocks
can be told apart by what they compute and by what uses them (colour refinement), so only the
few that remain alike are tried in every order.

Blocks must be without loose parts (`search_spaces.cell.pruning`): one or two terms each, and all
of them needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, permutations, product
from typing import Any

from search_spaces.cell.pruning import INPUTS, Blocks, Term


def canonical_blocks(blocks: Blocks, outputs: tuple[int, ...]) -> tuple[Blocks, tuple[int, ...]]:
    """Return the representative of all cells isomorphic to these blocks and output states."""
    return min(
        (_renumbered(blocks, order), _renumbered_outputs(outputs, order))
        for order in _orders(blocks, outputs)
    )


def _renumbered(blocks: Blocks, order: tuple[int, ...]) -> Blocks:
    """Write `blocks` in `order`, each block's terms sorted."""
    state = _new_states(order)
    return tuple(
        tuple(sorted((state.get(source, source), operation) for source, operation in blocks[old]))
        for old in order
    )


def _renumbered_outputs(outputs: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    state = _new_states(order)
    return tuple(sorted(state.get(output, output) for output in outputs))


def _new_states(order: tuple[int, ...]) -> dict[int, int]:
    return {old + INPUTS: new + INPUTS for new, old in enumerate(order)}


def _orders(blocks: Blocks, outputs: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the topological orders that agree with the blocks' colours."""
    colours = _colours(blocks, outputs)
    ranked = sorted(range(len(blocks)), key=colours.__getitem__)
    groups = [tuple(group) for _, group in groupby(ranked, key=colours.__getitem__)]
    for choice in product(*(permutations(group) for group in groups)):
        yield tuple(block for group in choice for block in group)


def _colours(blocks: Blocks, outputs: tuple[int, ...]) -> list[int]:
    """Rank blocks by structure alone, a block always above the blocks it takes.

    Among blocks of one level those that are put out and taken as well come last; all others need
    no mark, since being taken by none says that they are put out.
    """
    levels: list[int] = []
    for terms in blocks:
        levels.append(1 + max(levels[s - INPUTS] if s >= INPUTS else 0 for s, _ in terms))
    taken = {source for terms in blocks for source, _ in terms}
    marks = [state in outputs and state in taken for state in range(INPUTS, INPUTS + len(blocks))]
    colours = _ranks(list(zip(levels, marks, strict=True)))
    while True:
        refined = _ranks(
            [
                (colours[index], _takes(terms, colours), _used_by(index, blocks, colours))
                for index, terms in enumerate(blocks)
            ]
        )
        if refined == colours:
            return colours
        colours = refined


def _takes(terms: tuple[Term, ...], colours: list[int]) -> tuple[Term, ...]:
    """Describe a block's terms; cell inputs, which keep their identity, are negative."""
    return tuple(sorted((s - INPUTS if s < INPUTS else colours[s - INPUTS], op) for s, op in terms))


def _used_by(index: int, blocks: Blocks, colours: list[int]) -> tuple[Term, ...]:
    return tuple(
        sorted(
            (colours[user], op)
            for user, terms in enumerate(blocks)
            for s, op in terms
            if s == index + INPUTS
        )
    )


def _ranks(signatures: Sequence[tuple[Any, ...]]) -> list[int]:
    rank = {signature: number for number, signature in enumerate(sorted(set(signatures)))}
    return [rank[signature] for signature in signatures]
