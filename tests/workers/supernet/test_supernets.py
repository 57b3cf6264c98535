from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from nas.problem import SearchProblem
from search_spaces import Architecture, build, create_space
from search_spaces.variation import every_choices
from workers.supernet.base import Supernet
from workers.supernet.training import new_supernet

SMALL_CELL = {
    "blocks": 1,
    "filters": 4,
    "operations": ["conv_1x1", "identity"],
}
SPACES = [
    ("nasbench201", {"cells": 1, "filters": 4}, (1, 8, 8)),
    ("nasbench201", {"cells": 2, "filters": 2}, (3, 9, 7)),
    ("cell", {"blocks": 2, "filters": 2}, (1, 8, 8)),
    ("cell", {"blocks": 3, "filters": 3, "normal_concatenate": "all", "repeats": 2}, (1, 8, 8)),
    (
        "cell",
        {
            "blocks": 2,
            "filters": 8,
            "operations": ["conv_3x3", "strided_identity", "max_pool_3x3", "mbconv_3x3"],
            "layout": {
                "stem": "imagenet",
                "raw_stem": True,
                "bypass_reductions": True,
                "padding": "end",
                "last_projections": 2,
                "later_stacks": [1],
                "batch_norm": {"eps": 1e-3},
            },
        },
        (3, 32, 32),
    ),
]


def supernet_of(name: str, options: dict[str, Any], shape: Any) -> tuple[Any, Supernet]:
    space = create_space(name, options)
    return space, new_supernet(SearchProblem(space, shape, 10), seed=0)


def images_of(shape: Any, count: int = 4):
    return torch.rand((count, *shape), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "options", "shape"), SPACES)
def test_path_computes_what_the_candidates_own_network_does(name, options, shape):
    space, supernet = supernet_of(name, options, shape)
    rng = np.random.default_rng(1)
    for _ in range(6):
        architecture = space.sample(rng)
        path = supernet.path(architecture)
        own = build(architecture.canonical(), shape, 10)
        for parameter_name, parameter in own.named_parameters():
            shared = path.tensors[parameter_name]
            if parameter_name in path.inputs:
                shared = shared[:, path.inputs[parameter_name]]
            parameter.data = shared.detach().clone()
        for module in own.eval().modules():
            if isinstance(module, _BatchNorm):
                module.train()
        images = images_of(shape)
        assert torch.allclose(path.logits(images, training=False), own(images), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"), [("cell", SMALL_CELL), ("nasbench201", {"cells": 1, "filters": 2})]
)
def test_every_shared_weight_is_on_some_path(name, options):
    space, supernet = supernet_of(name, options, (1, 8, 8))
    shared = {id(tensor): key for key, tensor in supernet.named_parameters()}
    for choices in every_choices(space.decisions):
        if name == "nasbench201" and len(set(choices.values())) > 2:
            continue  # the rest has nothing that these have not
        for tensor in supernet.path(space.architecture(choices)).tensors.values():
            shared.pop(id(tensor), None)
        if not shared:
            break
    assert not shared


def gradients_of(supernet: Supernet, architecture: Architecture, shape: Any) -> dict[str, Any]:
    supernet.zero_grad(set_to_none=True)
    supernet.path(architecture).logits(images_of(shape), training=True).square().sum().backward()
    return {n: p.grad for n, p in supernet.named_parameters() if p.grad is not None}


def nb201(space: Any, *operations: str) -> Architecture:
    names = [decision.name for decision in space.decisions]
    found: Architecture = space.architecture(dict(zip(names, operations, strict=True)))
    return found


def test_two_paths_share_the_operation_that_both_have_at_an_edge():
    space, supernet = supernet_of("nasbench201", {"cells": 1, "filters": 2}, (1, 8, 8))
    none, conv, one = "none", "nor_conv_3x3", "nor_conv_1x1"
    first = gradients_of(supernet, nb201(space, conv, none, none, one, one, none), (1, 8, 8))
    second = gradients_of(supernet, nb201(space, conv, none, none, none, one, none), (1, 8, 8))
    both = {name for name in first.keys() & second.keys() if name.startswith("operations")}
    # Where the canonical cells have the two, which compute the same through node 2.
    assert {name.split(".")[1].split(":", 1)[1] for name in both} == {
        "0-2:nor_conv_3x3",
        "2-3:nor_conv_1x1",
    }
    alone = {name.split(".")[1].split(":", 1)[1] for name in first.keys() - second.keys()}
    assert alone == {"0-3:nor_conv_1x1"}


def test_classifier_uses_the_weights_of_the_states_put_out_alone():
    space, supernet = supernet_of("cell", SMALL_CELL, (1, 8, 8))
    answers = {decision.name: decision.choices[0] for decision in space.decisions}
    # Both terms of the block take the same state, so that the other input is put out as well.
    architecture = space.architecture(answers)
    assert architecture.canonical().normal.output_states == (1, 2)
    gradient = gradients_of(supernet, architecture, (1, 8, 8))["frame.head.3.weight"]
    used = gradient.abs().sum(dim=0) > 0
    channels = 4 * 4  # four filters, doubled twice
    assert not used[:channels].any() and used[channels:].any()


def test_equal_terms_of_a_block_have_weights_of_their_own():
    space, supernet = supernet_of("cell", SMALL_CELL, (1, 8, 8))
    answers = {decision.name: decision.choices[0] for decision in space.decisions}
    path = supernet.path(space.architecture(answers))
    left, right = (path.tensors[f"cells.0.operations.{i}.1.weight"] for i in (0, 1))
    assert left is not right


def test_seed_alone_decides_on_the_first_weights():
    weights = []
    for seed in (0, 0, 1):
        torch.rand(3)
        space = create_space("nasbench201", {"cells": 1, "filters": 2})
        supernet = new_supernet(SearchProblem(space, (1, 8, 8), 10), seed)
        weights.append(torch.cat([p.flatten() for p in supernet.parameters()]))
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
