"""A network's `forward` run on shapes alone: what it computes, sees and keeps in memory."""

from search_spaces.symbolic.dispatch import SymbolicInput
from search_spaces.symbolic.ledger import Ledger
from search_spaces.symbolic.meta import symbolic_in
from search_spaces.symbolic.tensor import SymbolicTensor
from search_spaces.symbolic.weightless import Weightless
from search_spaces.symbolic.windows import SpatialSizeError

__all__ = [
    "Ledger",
    "SpatialSizeError",
    "SymbolicInput",
    "SymbolicTensor",
    "Weightless",
    "symbolic_in",
]
