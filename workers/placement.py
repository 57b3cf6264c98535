"""What of the cluster each trial gets, and whether the cluster can give it.

A job may name it. Of GPUs it need not: a trial then gets the share of one that its training is
estimated to fill, so that as many small candidates train on a GPU at once as fit in its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import floor
from typing import Literal

from nas.datasets import AnyData, ImageData
from nas.errors import ClusterTooSmallError
from nas.evaluation import EVALUATION_BATCH, TrialTask
from nas.resources import Resources
from search_spaces import Architecture
from search_spaces.totals import Totals
from workers.cluster import Node, list_nodes
from workers.gpu_memory import smallest_gpu_bytes

GPU_SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""The shares of a GPU that trials get; few of them, so that an idle worker process finds a trial
of its own share to go on with."""

UNKNOWN_GPU_SHARE = 1 / 4
"""A trial's share of GPUs that do not tell their memory."""

GPU_CONTEXT_BYTES = 1 << 30
"""What each process takes of a GPU before its first tensor: CUDA's context, its libraries' kernels
and workspaces. A generous round figure, since it differs from device to device."""

FRAGMENTATION = 1.25
"""Memory that the caching allocator holds, against what its tensors need."""


@dataclass(frozen=True, slots=True)
class TrialShare:
    """Cores and GPUs of one trial, split evenly among its `workers` processes."""

    cpus: float
    gpus: float
    workers: int = 1

    @property
    def of_worker(self) -> TrialShare:
        """What each of its processes gets."""
        return TrialShare(self.cpus / self.workers, self.gpus / self.workers)


ShareOf = Callable[[TrialTask], TrialShare]
"""Says what of the cluster a trial gets."""


@dataclass(frozen=True)
class Placement:
    """Decides the shares of one job's trials on one cluster.

    `gpu_bytes` is the memory of the cluster's smallest GPU, None where no GPU told it; `data_bytes`
    what the data set takes in each process that trains.
    """

    resources: Resources
    nodes: tuple[Node, ...]
    gpu_bytes: int | None = None
    data_bytes: int = 0

    @property
    def has_gpus(self) -> bool:
        """Whether trials run on GPUs."""
        named = self.resources.gpus_per_trial
        return any(node.gpus > 0 for node in self.nodes) if named is None else named > 0

    @property
    def is_estimated(self) -> bool:
        """Whether a trial's share of a GPU follows from its memory."""
        is_named = self.resources.gpus_per_trial is not None or self.resources.workers > 1
        return self.has_gpus and not is_named

    @property
    def largest_share(self) -> TrialShare:
        """The most that a trial may get."""
        workers = self.resources.workers
        named = self.resources.gpus_per_trial
        if named is None:
            named = float(workers) if self.has_gpus else 0.0
        return TrialShare(self.resources.cpus_per_trial, named, workers)

    def share(
        self,
        task: TrialTask,
        analyze: Callable[[Architecture], Totals],
        correction: Callable[[], float] = lambda: 1.0,
    ) -> TrialShare:
        """Return the share of the trial that `task` describes.

        `correction` says how much more its tensors take than is estimated.
        """
        largest = self.largest_share
        if not self.is_estimated:
            return largest
        if self.gpu_bytes is None:
            return TrialShare(largest.cpus, UNKNOWN_GPU_SHARE)
        totals = analyze(task.architecture)
        recipe = task.recipe
        tensors = tensor_bytes(totals, recipe.batch_size, recipe.optimizer.value)
        needed = process_bytes(round(correction() * tensors))
        return TrialShare(largest.cpus, gpu_share(needed + self.data_bytes, self.gpu_bytes))

    @property
    def bounded_resources(self) -> Resources:
        """The job's resources, with a bound on the trials at once where Tune cannot see one.

        Trials of several workers take their room through Ray Train, and so are counted beforehand.
        """
        if self.largest_share.workers == 1:
            return self.resources
        return self.resources.model_copy(update={"max_concurrent_trials": self.places(self.nodes)})

    def places(self, nodes: Collection[Node]) -> int:
        """Return how many trials run on `nodes` at once.

        Where shares of a GPU are estimated, as many as if each got the share of an unknown one.
        """
        share = self.largest_share
        if self.is_estimated:
            share = replace(share, gpus=UNKNOWN_GPU_SHARE)
        room = count_places(share.of_worker, nodes) // share.workers
        named = self.resources.max_concurrent_trials
        return room if named is None else min(named, room)

    def check(self) -> None:
        """Refuse shares that no node, or no set of nodes, can ever give.

        Raises:
            ClusterTooSmallError: Says which field asks for too much, and what the cluster has.
        """
        share = self.largest_share
        worker = share.of_worker
        cluster = describe(self.nodes)
        most_cpus = max((node.cpus for node in self.nodes), default=0)
        most_gpus = max((node.gpus for node in self.nodes), default=0)
        for field, got, each, most in (
            ("cpus_per_trial", share.cpus, worker.cpus, most_cpus),
            ("gpus_per_trial", share.gpus, worker.gpus, most_gpus),
        ):
            if each > most:
                raise ClusterTooSmallError(
                    f"resources.{field}: got {got:g}, no node of the cluster can give that: it has "
                    f"{cluster}; allowed: at most {most * share.workers:g}"
                )
        room = count_places(worker, self.nodes)
        if room < share.workers:
            raise ClusterTooSmallError(
                f"resources.{self.resources.workers_field}: got {share.workers}, each with "
                f"{worker.cpus:g} CPUs and {worker.gpus:g} GPUs: the cluster has {cluster}; "
                f"allowed: at most {room} of them"
            )


def named_share(resources: Resources) -> ShareOf:
    """Give each trial what the job names, and no GPU where it names none."""
    share = TrialShare(resources.cpus_per_trial, resources.gpus_per_trial or 0.0)
    return lambda task: share


def placement_on_cluster(resources: Resources, data: AnyData) -> Placement:
    """Look at the connected cluster, and decide what a job's trials get of it.

    Raises:
        ClusterTooSmallError: No node, or no set of nodes, can ever give it.
    """
    placement = Placement(resources, tuple(list_nodes()), data_bytes=data_bytes(data))
    placement.check()
    if not placement.is_estimated:
        return placement
    return replace(placement, gpu_bytes=smallest_gpu_bytes(placement.nodes))


def tensor_bytes(totals: Totals, batch_size: int, optimizer: str) -> int:
    """Estimate the tensors of a process that trains a candidate, without its data set.

    Either its steps of training or its evaluation in larger batches take the most.
    """
    states: Literal["sgd", "adamw"] = "adamw" if optimizer == "adamw" else "sgd"
    idle = totals.training_bytes(0, states)
    stepping = totals.training_bytes(batch_size, states)
    evaluating = idle + totals.peak_activation_bytes(EVALUATION_BATCH)
    return max(stepping, evaluating)


def process_bytes(tensors: int) -> int:
    """Return the GPU memory that a process takes whose tensors have so many bytes."""
    return GPU_CONTEXT_BYTES + round(FRAGMENTATION * tensors)


def places_on_cluster(placement: Placement) -> int:
    """Return how many of a job's trials fit on the connected cluster as it is now."""
    return placement.places(list_nodes())


def gpu_share(needed_bytes: int, gpu_bytes: int) -> float:
    """Return the smallest of `GPU_SHARES` that holds `needed_bytes`; a whole GPU if none does."""
    fitting = (share for share in GPU_SHARES if needed_bytes <= share * gpu_bytes)
    return min(fitting, default=1.0)


def count_places(share: TrialShare, nodes: Collection[Node]) -> int:
    """Return how many processes of a share the nodes hold at once."""

    def on(node: Node) -> int:
        limits = [
            floor(has / takes + 1e-9)
            for has, takes in ((node.cpus, share.cpus), (node.gpus, share.gpus))
            if takes > 0
        ]
        return min(limits, default=0)

    return sum(on(node) for node in nodes)


def data_bytes(data: AnyData) -> int:
    """Return what the images that a trial sees take in each process, with their labels.

    Of images that stay on disk a process holds a few batches, which count with the network.
    """
    if not isinstance(data, ImageData):
        return 0
    splits = (data.train, data.validation)
    return sum(split.images.nbytes + split.labels.nbytes for split in splits)


def describe(nodes: Collection[Node]) -> str:
    """Say what the nodes offer, as `2 nodes with 2 CPUs and 0 GPUs, 4 CPUs and 1 GPU`."""
    offers = ", ".join(f"{node.cpus:g} CPUs and {node.gpus:g} GPUs" for node in nodes) or "nothing"
    return f"{len(nodes)} node{'' if len(nodes) == 1 else 's'} with {offers}"
