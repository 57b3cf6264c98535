"""Writing a network of stages as one Python file that needs torch alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from search_spaces.base import InputShape
from search_spaces.bundling import bundle
from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.drawing import draw_stages
from search_spaces.stages.network import StagesNetwork
from search_spaces.stages.plan import Call, plan_network
from search_spaces.standalone import write_module


def write_stages(
    architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
) -> str:
    """Write the module; its `build()` returns the network that `build_stages` makes."""
    canonical = architecture.canonical()
    plan = plan_network(canonical, input_shape, num_classes)
    ours = [call.module for call in plan.calls() if not _is_torch(call)]
    source = bundle([*dict.fromkeys(ours), StagesNetwork])
    auxiliary = "".join(f"{i}: {_call(call)}, " for i, call in plan.auxiliary.items())
    network = f"""network = StagesNetwork(
    {_sequential(plan.stem)},
    [
{textwrap.indent("".join(f"{_sequential(stage)},{chr(10)}" for stage in plan.stages), " " * 8)}\
    ],
    {_call(plan.head)},
    auxiliary={{{auxiliary.removesuffix(", ")}}},
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


def _sequential(calls: Iterable[Call]) -> str:
    lines = "".join(f"    {_call(call)},\n" for call in calls)
    return f"nn.Sequential(\n{lines})" if lines else "nn.Sequential()"


def _call(call: Call) -> str:
    name = f"nn.{call.module.__name__}" if _is_torch(call) else call.module.__name__
    arguments = [repr(value) for value in call.positional]
    arguments += [f"{key}={value!r}" for key, value in call.named.items()]
    return f"{name}({', '.join(arguments)})"


def _is_torch(call: Call) -> bool:
    return call.module.__module__.split(".")[0] == "torch"
