"""What is counted of each network once, however often a search comes back to it."""

from __future__ import annotations

from collections import OrderedDict
from copy import copy

from search_spaces import Architecture, InfeasibleArchitectureError
from search_spaces.analysis import analyze
from search_spaces.base import InputShape
from search_spaces.totals import Totals

LARGEST_CACHE = 16_384
"""Networks remembered at once, about 0.6 kB each: at most 10 MB."""


class AnalysisCache:
    """The totals of networks for images of one shape, those asked for least recently forgotten.

    Architectures of equal content hash have equal networks, so they share an entry. An entry is
    the hash and a few numbers: whole analyses take up to megabytes each. Used by one thread.
    """

    def __init__(
        self, input_shape: InputShape, num_classes: int, *, largest: int = LARGEST_CACHE
    ) -> None:
        self._input_shape, self._num_classes = input_shape, num_classes
        self._largest = largest
        self._known: OrderedDict[str, Totals | InfeasibleArchitectureError] = OrderedDict()

    def totals(self, architecture: Architecture) -> Totals:
        """Return what the network takes; raises `InfeasibleArchitectureError` where it has none."""
        key = architecture.content_hash
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._analyze(architecture)
            if len(self._known) > self._largest:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        if isinstance(found, InfeasibleArchitectureError):
            raise copy(found)  # one that is raised holds on to the frames that it passes
        return found

    def _analyze(self, architecture: Architecture) -> Totals | InfeasibleArchitectureError:
        try:
            return analyze(architecture, self._input_shape, self._num_classes).totals
        except InfeasibleArchitectureError as error:
            return copy(error)
