"""Canonical form of a cell's graph: equal for isomorphic cells, different for all others.

A cell does not change when its blocks are renumbered or when the two terms of a block's sum
are swapped. The canonical form is the least encoding over all such renumberings. Most blocks
can be told apart by what they compute and by what uses them (colour refinement), so only the
few that remain alike are tried in every order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, permutations, product
from typing import Any

Term = tuple[int, str]
"""One term of a block's sum: the state it takes and the operation's name."""

Blocks = tuple[tuple[Term, ...], ...]

_INPUTS = 2


def canonical_blocks(blocks: Blocks) -> Blocks:
    """Return the representative of all blocks isomorphic to `blocks`."""
    return min(_renumbered(blocks, order) for order in _orders(blocks))


def _renumbered(blocks: Blocks, order: tuple[int, ...]) -> Blocks:
    """Write `blocks` in `order`, each block's terms sorted."""
    state = {old + _INPUTS: new + _INPUTS for new, old in enumerate(order)}
    return tuple(
        tuple(sorted((state.get(source, source), operation) for source, operation in blocks[old]))
        for old in order
    )


def _orders(blocks: Blocks) -> Iterator[tuple[int, ...]]:
    """Yield the topological orders that agree with the blocks' colours."""
    colours = _colours(blocks)
    ranked = sorted(range(len(blocks)), key=colours.__getitem__)
    groups = [tuple(group) for _, group in groupby(ranked, key=colours.__getitem__)]
    for choice in product(*(permutations(group) for group in groups)):
        yield tuple(block for group in choice for block in group)


def _colours(blocks: Blocks) -> list[int]:
    """Rank blocks by structure alone, a block always above the blocks it takes."""
    levels: list[int] = []
    for terms in blocks:
        levels.append(1 + max(levels[s - _INPUTS] if s >= _INPUTS else 0 for s, _ in terms))
    colours = _ranks([(level,) for level in levels])
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
    return tuple(
        sorted((s - _INPUTS if s < _INPUTS else colours[s - _INPUTS], op) for s, op in terms)
    )


def _used_by(index: int, blocks: Blocks, colours: list[int]) -> tuple[Term, ...]:
    return tuple(
        sorted(
            (colours[user], op)
            for user, terms in enumerate(blocks)
            for s, op in terms
            if s == index + _INPUTS
        )
    )


def _ranks(signatures: Sequence[tuple[Any, ...]]) -> list[int]:
    rank = {signature: number for number, signature in enumerate(sorted(set(signatures)))}
    return [rank[signature] for signature in signatures]
