"""What of a cell takes part: edges of `none`, and blocks that reach no output, do not.

A `none` is no edge. A block without edges makes no state, so what takes it is no edge either. A
block is needed if it is put out, or if a needed block takes it. What is left computes what the
whole cell computes.
"""

from __future__ import annotations

from search_spaces.cell.operations import NONE

Term = tuple[int, str]
"""One term of a block's sum: the state it takes and the operation's name."""

Blocks = tuple[tuple[Term, ...], ...]

INPUTS = 2
"""States 0 and 1 of a cell: the output of the cell before last, and of the last cell."""


def pruned(blocks: Blocks, outputs: tuple[int, ...] | None) -> tuple[Blocks, tuple[int, ...]]:
    """Return the blocks that take part, renumbered, and the states that are put out.

    `outputs` None stands for the states that no edge takes. If nothing is left to put out, the
    cell puts out its inputs.
    """
    terms = _edges(blocks)
    if outputs is None:
        outputs = loose_states(terms)
    outputs = tuple(s for s in sorted(outputs) if s < INPUTS or terms[s - INPUTS])
    if not outputs:
        return (), tuple(range(INPUTS))
    needed = _ancestors(terms, outputs)
    kept = [block for block in range(len(terms)) if block + INPUTS in needed]
    state = {old + INPUTS: new + INPUTS for new, old in enumerate(kept)}
    return (
        tuple(tuple((state.get(source, source), op) for source, op in terms[b]) for b in kept),
        tuple(state.get(output, output) for output in outputs),
    )


def loose_states(blocks: Blocks) -> tuple[int, ...]:
    """Return the states, cell inputs included, that no block takes; one needs edges to be any."""
    taken = {source for terms in blocks for source, _ in terms}
    states = (*range(INPUTS), *(INPUTS + block for block, terms in enumerate(blocks) if terms))
    return tuple(state for state in states if state not in taken)


def _edges(blocks: Blocks) -> Blocks:
    """Leave out every term that is no edge; block numbers stay."""
    kept: list[tuple[Term, ...]] = []
    for terms in blocks:
        kept.append(
            tuple(
                (source, operation)
                for source, operation in terms
                if operation != NONE and (source < INPUTS or kept[source - INPUTS])
            )
        )
    return tuple(kept)


def _ancestors(blocks: Blocks, outputs: tuple[int, ...]) -> set[int]:
    needed = set(outputs)
    for block in reversed(range(len(blocks))):
        if block + INPUTS in needed:
            needed |= {source for source, _ in blocks[block]}
    return needed
