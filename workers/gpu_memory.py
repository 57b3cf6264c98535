"""How much memory the cluster's GPUs have, asked on each node that has any."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from workers.cluster import Node

_ASK_SECONDS = 60.0
"""How long a node may take to answer: its first process imports torch; all its GPUs may be busy."""

_SLIVER = 0.01
"""The share of a GPU that the question itself takes, for Ray to show it one."""


def smallest_gpu_bytes(nodes: Collection[Node]) -> int | None:
    """Return the memory of the smallest GPU, None where no node tells of one in time."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask: Any = ray.remote(num_cpus=0, num_gpus=_SLIVER, max_retries=0)(_gpu_bytes)
    asked = [
        ask.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.node_id, soft=False)
        ).remote()
        for node in nodes
        if node.gpus > 0
    ]
    if not asked:
        return None
    answered, silent = ray.wait(asked, num_returns=len(asked), timeout=_ASK_SECONDS)
    for reference in silent:
        ray.cancel(reference, force=True)
    found: list[int | None] = ray.get(answered)
    return min((size for size in found if size is not None), default=None)


def _gpu_bytes() -> int | None:
    """Look at the GPU that Ray shows this process."""
    import torch

    if not torch.cuda.is_available():
        return None
    return int(torch.cuda.get_device_properties(0).total_memory)
