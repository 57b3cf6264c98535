"""Canonical order of layers: equal for isomorphic graphs of layers.

Layers are told apart by what they do, by what they take and by what takes them (colour
refinement). Where some stay alike, each of them in turn is put first and the rest told apart
again (individualisation and refinement: McKay, Piperno: Practical Graph Isomorphism II, Journal
of Symbolic Computation 2014, section 2, https://arxiv.org/abs/1301.1493), and the least of the
resulting graphs is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

Kind = tuple[int, ...]
"""What a layer does, whatever it takes."""

Inputs = tuple[tuple[int, ...], ...]
"""For each layer the earlier layers it takes."""

MAX_ORDERS = 200
"""Orders compared, at most.

A graph with more of them is so symmetric that the first is nearly always as good as any; were
it not, the graph would have several canonical forms, and be trained more than once.
"""


def canonical_order(kinds: Sequence[Kind], inputs: Inputs) -> tuple[int, ...]:
    """Return the layers in their canonical order, in which each comes after those it takes."""
    graph = _Graph(kinds, inputs)
    orders: list[tuple[int, ...]] = []
    for order in graph.orders(graph.refined(graph.colours())):
        if len(orders) == MAX_ORDERS:
            return orders[0]
        orders.append(order)
    return min(orders, key=graph.written)


class _Graph:
    def __init__(self, kinds: Sequence[Kind], inputs: Inputs) -> None:
        self._kinds = kinds
        self._inputs = inputs
        self._takers: list[tuple[int, ...]] = [
            tuple(other for other, taken in enumerate(inputs) if layer in taken)
            for layer in range(len(inputs))
        ]

    def colours(self) -> list[int]:
        """Rank layers by depth, so that one always comes after those it takes, then by kind."""
        depths: list[int] = []
        for taken in self._inputs:
            depths.append(1 + max((depths[source] for source in taken), default=0))
        return _ranks(list(zip(depths, self._kinds, strict=True)))

    def refined(self, colours: list[int]) -> list[int]:
        """Tell layers of one colour apart by the colours around them, until nothing changes."""
        while True:
            finer = _ranks(
                [
                    (
                        colour,
                        tuple(sorted(colours[source] for source in self._inputs[layer])),
                        tuple(sorted(colours[taker] for taker in self._takers[layer])),
                    )
                    for layer, colour in enumerate(colours)
                ]
            )
            if finer == colours:
                return colours
            colours = finer

    def orders(self, colours: list[int]) -> Iterator[tuple[int, ...]]:
        """Yield the orders that agree with the colours, the one nearest to the given first.

        Of layers that take the same and are taken by the same any order is as good.
        """
        ranked = sorted(range(len(colours)), key=colours.__getitem__)
        groups = [list(group) for _, group in groupby(ranked, key=colours.__getitem__)]
        alike = next((group for group in groups if len(group) > 1), None)
        if alike is None:
            yield tuple(ranked)
            return
        tried: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
        for layer in alike:
            surroundings = (self._inputs[layer], self._takers[layer])
            if surroundings in tried:
                continue
            tried.add(surroundings)
            split = [2 * colour + 1 for colour in colours]
            split[layer] -= 1
            yield from self.orders(self.refined(_ranks(split)))

    def written(self, order: tuple[int, ...]) -> list[tuple[Kind, list[int]]]:
        """Write the graph with its layers in `order`."""
        place = {old: new for new, old in enumerate(order)}
        return [(self._kinds[old], sorted(place[s] for s in self._inputs[old])) for old in order]


def _ranks(signatures: Sequence[Any]) -> list[int]:
    rank = {signature: number for number, signature in enumerate(sorted(set(signatures)))}
    return [rank[signature] for signature in signatures]
