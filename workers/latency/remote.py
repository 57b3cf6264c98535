"""A probe on the cluster, on the kind of node that a job's trials run on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from nas.errors import NasError, TrialInfeasibleError
from nas.latency import LatencyOptions
from search_spaces import Architecture, InputShape
from workers.cluster import end_actor, require_cluster
from workers.latency.conditions import Conditions
from workers.latency.probe import LocalProbe
from workers.latency.timing import Timing


class RemoteProbe:
    """Hands everything to a `LocalProbe` in a process of the cluster.

    It asks for no share of a device, or it would wait for ever for trials that wait for it. While
    trials run it may have to share theirs; the median leaves out what was disturbed.
    """

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def conditions(self) -> Conditions:
        """Name the device and how inference runs on it."""
        found: Conditions = self._call("conditions")
        return found

    def measure(self, architecture: Architecture) -> Timing:
        """Time the whole network."""
        timing: Timing = self._call("measure", architecture)
        return timing

    def measure_operations(
        self, architecture: Architecture, wanted: Collection[str]
    ) -> dict[str, float]:
        """Time those of its operations that are wanted."""
        measured: dict[str, float] = self._call("measure_operations", architecture, wanted)
        return measured

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return ray.get(getattr(self._actor, method).remote(*arguments))
        except RayTaskError as error:
            if isinstance(error.cause, NasError):
                raise error.cause from None
            raise TrialInfeasibleError(
                f"its latency cannot be measured: {type(error.cause).__name__}: {error.cause}"
            ) from error
        except RayActorError as error:  # for want of memory, say; Ray starts it anew
            require_cluster()
            raise TrialInfeasibleError("the process that measured its latency died") from error


@contextmanager
def remote_probe(
    input_shape: InputShape, num_classes: int, options: LatencyOptions, *, on_gpu: bool
) -> Iterator[RemoteProbe]:
    """Start a probe on the connected cluster, and end it after the body."""
    remote_class: Any = ray.remote(num_cpus=0, max_restarts=-1)(LocalProbe)
    if on_gpu:
        remote_class = remote_class.options(scheduling_strategy=_gpu_node())
    actor = remote_class.remote(input_shape, num_classes, options, "cuda" if on_gpu else "cpu")
    try:
        yield RemoteProbe(actor)
    finally:
        end_actor(actor)


def _gpu_node() -> NodeAffinitySchedulingStrategy:
    """Choose the first node with a GPU: without a share of one, Ray would take any node."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    node_id = next(n["NodeID"] for n in nodes if n["Alive"] and n["Resources"].get("GPU", 0) > 0)
    return NodeAffinitySchedulingStrategy(node_id, soft=False)
