"""Which of the 15,625 cells compute the same.

Two notions are told apart:

- `expression` is what the cell computes, exactly. Sums are sorted, a `skip_connect` is its
  source, `none` and edges to nowhere vanish, and an average pooling of nothing is nothing. A
  convolution of nothing stays: its batch norm has a bias. And a convolution whose result is
  taken twice is told from two convolutions, which have weights of their own. Cells with equal
  expressions compute equal functions once each convolution has been given its counterpart's
  weights, so this is the form behind content hashes; it has 5,875 classes.
- `topology` is the notion by which Dong & Yang (2020, section 2.1) count 6,466 unique cells. It
  joins a convolution taken twice with two convolutions, and a convolution of nothing with
  nothing, which are different functions; yet it keeps apart a sum of nothing and nothing, and
  some sums that differ by their brackets. So it can tell no two networks equal, and is here to
  compare counts with the literature. With `none` as an operation like any other, only a
  `skip_connect` being its source, the same text has 12,751 values.
"""

from __future__ import annotations

from functools import cache
from itertools import product

from search_spaces.nasbench201.operations import EDGES, OPERATIONS, WITH_WEIGHTS

Operations = tuple[str, ...]
"""The operations of the six edges, in the order of `EDGES`."""

Terms = tuple[str, ...]
"""A node's value as sorted terms of a sum; no terms are zero."""

_INPUT = "x"


def every_cell() -> tuple[Operations, ...]:
    """Return all 15,625 cells."""
    return tuple(product(OPERATIONS, repeat=len(EDGES)))


def expression(operations: Operations) -> Terms:
    """Write a cell's output as a sum of terms of its input, equal for equal functions.

    Only node 1 can be taken twice, so its convolution alone needs a mark where it is.
    """
    op01, op02, op12, op03, op13, op23 = operations
    node0: Terms = (_INPUT,)
    node1 = _term(op01, node0)
    if op01 in WITH_WEIGHTS and "none" not in (op12, op13, op23):
        node1 = tuple(f"shared {term}" for term in node1)
    node2 = _sum(_term(op02, node0), _term(op12, node1))
    return _sum(_term(op03, node0), _term(op13, node1), _term(op23, node2))


def _term(operation: str, source: Terms) -> Terms:
    if operation == "none":
        return ()
    if operation == "skip_connect" or (not source and operation not in WITH_WEIGHTS):
        return source
    return (f"{operation}({' + '.join(source)})",)


def _sum(*parts: Terms) -> Terms:
    return tuple(sorted(term for part in parts for term in part))


def representative(operations: Operations) -> Operations:
    """Return the simplest cell that computes the same: fewest edges, then first by name.

    It has no edge that does nothing, since without it the cell would be simpler.
    """
    return _representatives()[operations]


@cache
def _representatives() -> dict[Operations, Operations]:
    """Sort all cells into classes; takes a tenth of a second, once."""
    simplest: dict[Terms, Operations] = {}
    cells = sorted(every_cell(), key=lambda cell: (len(EDGES) - cell.count("none"), cell))
    return {cell: simplest.setdefault(expression(cell), cell) for cell in cells}


def topology(operations: Operations, *, none_vanishes: bool = True) -> str:
    """Write a cell as the text whose 6,466 different values the paper counts."""
    nodes = [_INPUT]
    for target in (1, 2, 3):
        terms = [
            _topology_term(operation, nodes[edge[0]], none_vanishes)
            for edge, operation in zip(EDGES, operations, strict=True)
            if edge[1] == target
        ]
        nodes.append("+".join(sorted(terms)))
    return nodes[-1]


def _topology_term(operation: str, source: str, none_vanishes: bool) -> str:
    if none_vanishes and (operation == "none" or source == "#"):
        return "#"
    return source if operation == "skip_connect" else f"({source})@{operation}"
