"""From an architecture to the constructor calls of its modules.

The calls are data: carried out they make the network, written out they are its standalone
source, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from search_spaces.base import InputShape
from search_spaces.blocks.convolution import ConvLayer
from search_spaces.blocks.dense import ConcatenatedLayer, Transition
from search_spaces.blocks.inception import Inception
from search_spaces.blocks.mobile import MBConv
from search_spaces.blocks.preactivation import PreactBasicBlock, PreactBottleneck
from search_spaces.blocks.residual import BasicBlock, Bottleneck
from search_spaces.blocks.separable import DepthwiseSeparable
from search_spaces.stages import families
from search_spaces.stages.architecture import Pool, Stage, StagesArchitecture
from search_spaces.stages.network import AuxiliaryClassifier, StageHead


@dataclass(frozen=True)
class Call:
    """A module's class and the arguments it is made with; numbers, texts and flags only."""

    module: type[nn.Module]
    positional: tuple[int, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_of_torch(self) -> bool:
        """Whether the class is one of torch's own."""
        return self.module.__module__.split(".")[0] == "torch"

    def make(self) -> nn.Module:
        """Carry the call out."""
        return self.module(*self.positional, **self.named)


@dataclass(frozen=True)
class Plan:
    """The calls that make a network, in the order its modules run."""

    stem: tuple[Call, ...]
    stages: tuple[tuple[Call, ...], ...]
    head: Call
    auxiliary: Mapping[int, Call]

    def calls(self) -> Iterator[Call]:
        """Yield every call."""
        yield from self.stem
        for stage in self.stages:
            yield from stage
        yield from self.auxiliary.values()
        yield self.head


def plan_network(
    architecture: StagesArchitecture, input_shape: InputShape, num_classes: int
) -> Plan:
    """Work out each module's channels and list the calls."""
    channels = input_shape[0]
    stem, channels = _plan_stem(architecture, channels)
    rates = _drop_paths(architecture)
    stages: list[tuple[Call, ...]] = []
    auxiliary: dict[int, Call] = {}
    for index, stage in enumerate(architecture.stages):
        stages.append(
            (*_plan_blocks(stage, channels, rates), *(_pool(stage.pool) if stage.pool else ()))
        )
        channels = stage.block.out_channels(channels, stage.depth)
        if stage.auxiliary is not None:
            settings = stage.auxiliary.model_dump()
            auxiliary[index] = Call(AuxiliaryClassifier, (channels, num_classes), settings)
    head: dict[str, Any] = architecture.head.model_dump()
    if architecture.stages[-1].block.ends_without_activation:
        head["activates"] = True
    return Plan(stem, tuple(stages), Call(StageHead, (channels, num_classes), head), auxiliary)


def _plan_stem(architecture: StagesArchitecture, channels: int) -> tuple[tuple[Call, ...], int]:
    stem = architecture.stem
    if stem is None:
        return (), channels
    named = {
        "kernel_size": stem.kernel,
        "padding": stem.padding,
        "norm": stem.norm,
        "bias": stem.bias,
        "activation": stem.activation,
    }
    conv = Call(ConvLayer, (channels, stem.width, stem.stride), named)
    return (conv, *(_pool(stem.pool) if stem.pool else ())), stem.width


def _drop_paths(architecture: StagesArchitecture) -> Iterator[float]:
    """Yield each block's drop probability: `l / L` of the last one's for block `l` from 0."""
    total = sum(stage.depth for stage in architecture.stages)
    for block in range(total):
        yield round(architecture.drop_path * block / total, 6)


def _plan_blocks(stage: Stage, channels: int, rates: Iterator[float]) -> Iterator[Call]:
    for position in range(stage.depth):
        stride = stage.stride if position == 0 else 1
        rate = next(rates)
        dropped = {"drop_path": rate} if rate and stage.block.is_residual else {}
        yield from _plan_block(stage.block, channels, stride, dropped)
        if isinstance(stage.block, families.Dense):
            channels += stage.block.growth_rate
        else:
            channels = stage.block.out_channels(channels, 1)
    if isinstance(stage.block, families.Dense) and stage.block.transition:
        yield Call(Transition, (channels, stage.block.transition))


def _plan_block(
    block: families.BlockSpec, channels: int, stride: int, dropped: Mapping[str, float]
) -> Iterator[Call]:
    """List the calls of one block; `dropped` is its stochastic depth, if any."""
    named: dict[str, Any]
    match block:
        case families.Conv():
            named = {
                "kernel_size": block.kernel,
                "padding": block.kernel // 2 if block.padding == "same" else 0,
                "norm": block.norm,
                "bias": block.bias,
                "activation": block.activation,
            }
            yield Call(ConvLayer, (channels, block.width, stride), named)
        case families.Basic():
            named = {"se_reduction": block.se_reduction, **dropped}
            yield Call(BasicBlock, (channels, block.width, stride), named)
        case families.Bottleneck():
            named = {
                "reduction": block.reduction,
                "groups": block.groups,
                "se_reduction": block.se_reduction,
                **dropped,
            }
            yield Call(Bottleneck, (channels, block.width, stride), named)
        case families.PreactBasic():
            named = {"dropout": block.dropout, **dropped}
            yield Call(PreactBasicBlock, (channels, block.width, stride), named)
        case families.PreactBottleneck():
            named = {"reduction": block.reduction, **dropped}
            yield Call(PreactBottleneck, (channels, block.width, stride), named)
        case families.Dense():
            if stride > 1:
                yield _average_pool(stride)
            named = {"bottleneck": block.bottleneck}
            yield Call(ConcatenatedLayer, (channels, block.growth_rate), named)
        case families.Separable():
            named = {"kernel_size": block.kernel, "activation": block.activation}
            yield Call(DepthwiseSeparable, (channels, block.width, stride), named)
        case families.MBConv():
            named = {
                "expansion": block.expansion,
                "kernel_size": block.kernel,
                "activation": block.activation,
                "se": block.se,
                **dropped,
            }
            yield Call(MBConv, (channels, block.width, stride), named)
        case families.Inception():
            named = block.model_dump(exclude={"family"})
            yield Call(Inception, (channels, stride), named)
        case _:
            raise TypeError(f"no module for blocks of {type(block).__name__}")


def _pool(pool: Pool) -> tuple[Call, ...]:
    kind = nn.MaxPool2d if pool.kind == "max" else nn.AvgPool2d
    named = {"padding": pool.kernel // 2} if pool.padded else {"ceil_mode": True}
    return (Call(kind, (pool.kernel, pool.stride), named),)


def _average_pool(stride: int) -> Call:
    """Pool before a dense stage, where the paper has it behind the transition before."""
    return Call(nn.AvgPool2d, (stride, stride), {"ceil_mode": True})
