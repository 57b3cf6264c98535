"""A data set that reaches each node of the cluster once, however many trials run there.

The images lie in Ray's object store. Whatever holds them, an evaluator or an argument of a task,
travels with a reference alone; a process that receives it sees the one copy of its node, read-only
and without copying it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ray

from nas.datasets import AnyData, ImageData


@dataclass(frozen=True)
class NodeImageData(ImageData):
    """Images that are pickled as a reference to the object store."""

    reference: Any = field(kw_only=True, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return ray.get, (self.reference,)


def share_on_nodes(data: AnyData) -> AnyData:
    """Store `data` on the connected cluster; what is returned is to be kept while it is used.

    Images that stay on disk are no more than numbers here, and travel as they are.
    """
    if not isinstance(data, ImageData):
        return data
    plain = ImageData(data.train, data.validation, data.test, data.unreadable)
    return NodeImageData(**vars(plain), reference=ray.put(plain))
