from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import InvalidInputError
from nas.resources import Resources
from search_spaces.analysis import analyze
from tests.workers.training.factories import SMALL, digits, new_task
from workers.cluster import Node
from workers.placement import (
    GPU_CONTEXT_BYTES,
    GPU_SHARES,
    UNKNOWN_GPU_SHARE,
    Placement,
    TrialShare,
    count_places,
    data_bytes,
    gpu_share,
    process_bytes,
    tensor_bytes,
)

GIB = 1 << 30
CPU_NODE = Node("a", cpus=2, gpus=0)
GPU_NODE = Node("b", cpus=8, gpus=2)


def analyze_digits(architecture):
    return analyze(architecture, (1, 8, 8), 10)


def share_of(tmp_path, *nodes: Node, gpu_bytes: int | None = None, recipe=None, **resources):
    placement = Placement(Resources(**resources), nodes, gpu_bytes)
    return placement.share(new_task(tmp_path, **(recipe or {})), analyze_digits)


def test_trial_gets_no_gpu_where_there_is_none(tmp_path):
    assert share_of(tmp_path, CPU_NODE, cpus_per_trial=0.5) == TrialShare(0.5, 0.0)


def test_named_share_of_a_gpu_is_kept(tmp_path):
    share = share_of(tmp_path, GPU_NODE, gpu_bytes=80 * GIB, gpus_per_trial=0.3)
    assert share == TrialShare(1.0, 0.3)


def test_unknown_memory_gives_the_same_share_to_all(tmp_path):
    assert share_of(tmp_path, GPU_NODE).gpus == UNKNOWN_GPU_SHARE


@pytest.mark.parametrize(("gib", "expected"), [(80, 1 / 8), (5, 1 / 4), (3, 1 / 2), (1, 1)])
def test_share_follows_from_the_memory_of_trial_and_gpu(tmp_path, gib, expected):
    share = share_of(tmp_path, CPU_NODE, GPU_NODE, gpu_bytes=gib * GIB)
    assert share == TrialShare(1.0, expected)


def test_larger_batch_needs_a_larger_share(tmp_path):
    shares = [
        share_of(tmp_path, GPU_NODE, gpu_bytes=16 * GIB, recipe={"batch_size": size}).gpus
        for size in (64, 20_000, 60_000)
    ]
    assert shares == sorted(set(shares))


def test_estimate_holds_context_states_and_the_larger_of_step_and_evaluation():
    analysis = analyze_digits(SMALL)
    small = process_bytes(tensor_bytes(analysis, 2, "sgd"))
    evaluation = analysis.training_bytes(0, "sgd") + analysis.peak_activation_bytes(512)
    assert small == GPU_CONTEXT_BYTES + round(1.25 * evaluation)
    step = analysis.training_bytes(4096, "adamw")
    large = process_bytes(tensor_bytes(analysis, 4096, "adamw"))
    assert large == GPU_CONTEXT_BYTES + round(1.25 * step)


def test_data_count_with_what_trains_on_them():
    data = digits(100, 50)
    assert data_bytes(data) == 150 * (64 + 8)


@given(st.integers(1, 1 << 40), st.integers(1, 1 << 38))
def test_share_is_the_least_that_holds_the_need(needed, memory):
    share = gpu_share(needed, memory)
    assert share in GPU_SHARES
    assert needed <= share * memory or share == 1
    assert all(needed > smaller * memory for smaller in GPU_SHARES if smaller < share)


def test_places_are_counted_by_what_runs_out_first_on_each_node():
    assert count_places(TrialShare(1, 0.125), [GPU_NODE]) == 8
    assert count_places(TrialShare(0.5, 0.125), [GPU_NODE]) == 16
    assert count_places(TrialShare(1, 1), [GPU_NODE, CPU_NODE]) == 2
    assert count_places(TrialShare(0.1, 0), [CPU_NODE]) == 20


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"gpus_per_trial": 1},
            "resources.gpus_per_trial: got 1, no node of the cluster can give that: it has "
            "1 node with 2 CPUs and 0 GPUs; allowed: at most 0",
        ),
        (
            {"cpus_per_trial": 64},
            "resources.cpus_per_trial: got 64, no node of the cluster can give that: it has "
            "1 node with 2 CPUs and 0 GPUs; allowed: at most 2",
        ),
        (
            {"cpus_per_trial": 8, "workers_per_trial": 4},
            "resources.workers_per_trial: got 4, each with 2 CPUs and 0 GPUs: the cluster has "
            "1 node with 2 CPUs and 0 GPUs; allowed: at most 1 of them",
        ),
    ],
)
def test_share_that_no_node_can_give_is_refused(resources, message):
    with pytest.raises(InvalidInputError) as caught:
        Placement(Resources(**resources), (CPU_NODE,)).check()
    assert str(caught.value) == message


def test_cores_and_gpus_must_be_on_one_node():
    nodes = (Node("a", cpus=16, gpus=0), Node("b", cpus=1, gpus=1))
    with pytest.raises(InvalidInputError, match="got 1, each with 4 CPUs and 1 GPUs"):
        Placement(Resources(cpus_per_trial=4, gpus_per_trial=1), nodes).check()


def test_trial_of_several_gpus_may_span_nodes():
    nodes = (Node("a", cpus=4, gpus=1), Node("b", cpus=4, gpus=1))
    placement = Placement(Resources(cpus_per_trial=4, gpus_per_trial=2), nodes)
    placement.check()
    assert placement.largest_share == TrialShare(4, 2, workers=2)
    assert placement.largest_share.of_worker == TrialShare(2, 1)
