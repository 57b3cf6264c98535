"""From a stages architecture to its network."""

from __future__ import annotations

from torch import nn

from search_spaces.base import InputShape
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.network import StagesNetwork
from search_spaces.stages.plan import plan_network


def build_stages(
    architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
) -> StagesNetwork:
    """Build the network: `(N, C, H, W)` in, `(N, num_classes)` logits out."""
    canonical = architecture.canonical()
    plan = plan_network(canonical, input_shape, num_classes)
    return StagesNetwork(
        nn.Sequential(*(call.make() for call in plan.stem)),
        [nn.Sequential(*(call.make() for call in stage)) for stage in plan.stages],
        plan.head.make(),
        auxiliary={index: call.make() for index, call in plan.auxiliary.items()},
        norm_eps=canonical.batch_norm.eps,
        norm_momentum=canonical.batch_norm.momentum,
    )
