"""Writing a network of stages as one Python file that needs torch alone."""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.bundling import bundle
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.calls import CallWriter
from search_spaces.stages.drawing import draw_stages
from search_spaces.stages.network import StagesNetwork
from search_spaces.stages.plan import plan_network
from search_spaces.standalone import write_module


def write_stages(
    architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
) -> str:
    """Write the module; its `build()` returns the network that `build_stages` makes."""
    canonical = architecture.canonical()
    plan = plan_network(canonical, input_shape, num_classes)
    ours = [call.module for call in plan.calls() if not call.is_of_torch]
    source = bundle([*dict.fromkeys(ours), StagesNetwork])
    writer = CallWriter(plan.calls())
    if writer.shared:
        source.add_import("functools", "partial")
    auxiliary = ", ".join(f"{i}: {writer.call(call)}" for i, call in plan.auxiliary.items())
    network = f"""{writer.shorthands()}network = StagesNetwork(
    {writer.sequential(plan.stem)},
    [{"".join(f"{writer.sequential(stage)}, " for stage in plan.stages)}],
    {writer.call(plan.head)},
    auxiliary={{{auxiliary}}},
    norm_eps={canonical.batch_norm.eps},
    norm_momentum={canonical.batch_norm.momentum},
)"""
    return write_module(
        source,
        drawing=draw_stages(canonical),
        content_hash=canonical.content_hash,
        constants="",
        network=network,
        input_shape=input_shape,
        num_classes=num_classes,
        resolution=canonical.resolution,
    )
