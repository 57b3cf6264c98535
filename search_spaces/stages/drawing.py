"""Networks of stages for people: stem, each stage and head, as lines of text or as a graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from search_spaces.blocks.rounding import bottleneck_width
from search_spaces.graph import Graph, Node
from search_spaces.stages import families
from search_spaces.stages.architecture import Head, Pool, Stage, StagesArchitecture, Stem


def draw_stages(architecture: StagesArchitecture) -> str:
    """Draw the network, one line for each part."""
    lines = [_stem(architecture.stem)] if architecture.stem is not None else []
    for number, stage in enumerate(architecture.stages, 1):
        lines.append(f"stage {number}: {_stage(stage)}")
        if stage.auxiliary is not None:
            lines.append(f"  auxiliary head on stage {number}, for training alone")
    lines.append(_head(architecture.head))
    if architecture.drop_path:
        lines.append(f"stochastic depth: 0 to {architecture.drop_path:g}")
    return "\n".join(lines)


def picture_stages(architecture: StagesArchitecture) -> Graph:
    """Return the network as a chain: a node for equal blocks of a stage, or for pooling."""
    nodes, edges = [Node("image", "image")], []

    def append(node: Node, after: int) -> int:
        edges.append((after, len(nodes)))
        nodes.append(replace(node, text=node.text.replace("->", "→")))
        return len(nodes) - 1

    last, channels = 0, 0
    if architecture.stem is not None:
        channels = architecture.stem.width
        last = append(Node("conv", _stem(architecture.stem)), last)
    for stage in architecture.stages:
        for node in _stage_nodes(stage, channels):
            last = append(node, last)
        channels = stage.block.out_channels(channels, stage.depth)
        if stage.auxiliary is not None:
            append(Node("auxiliary", "auxiliary head, for training alone"), last)
    append(Node("head", _head(architecture.head)), last)
    return Graph("network", tuple(nodes), tuple(edges))


def _stage_nodes(stage: Stage, channels: int) -> Iterator[Node]:
    """Yield a stage's nodes.

    An inverted residual that changes the shape has no shortcut; pooling comes before dense
    layers, and their transition behind them all.
    """
    block, depth, text = stage.block, stage.depth, _block(stage.block)
    stride = f", stride {stage.stride}" if stage.stride > 1 else ""
    if isinstance(block, families.Dense):
        text, _, transition = text.partition(", transition")
        if stride:
            yield Node("pool", f"average pool {stage.stride}x{stage.stride} / {stage.stride}")
        yield Node(block.family, text, depth)
        if transition:
            yield Node("conv", f"transition: conv 1x1{transition}")
        depth = 0
    elif isinstance(block, families.MBConv) and (stride or channels != block.width):
        yield Node(block.family, text + stride)
        depth, stride = depth - 1, ""
    if depth:
        if stride and depth > 1:
            stride = f"; the first with{stride.removeprefix(',')}"
        yield Node(block.family, text + stride, depth, block.is_residual)
    for pool in _pool(stage.pool):
        yield Node("pool", pool)


def _stem(stem: Stem) -> str:
    parts = [f"stem: conv {stem.kernel}x{stem.kernel} -> {stem.width}"]
    if stem.stride > 1:
        parts.append(f"stride {stem.stride}")
    parts += ["batch norm"] * stem.norm + [stem.activation] * (stem.activation != "none")
    return ", ".join(parts + _pool(stem.pool))


def _stage(stage: Stage) -> str:
    parts = [f"{stage.depth} x {_block(stage.block)}"]
    if stage.stride > 1:
        parts.append(f"stride {stage.stride}")
    return ", ".join(parts + _pool(stage.pool))


def _block(block: families.BlockSpec) -> str:
    match block:
        case families.Conv():
            norm = ", batch norm" if block.norm else ""
            text = f"conv {block.kernel}x{block.kernel} -> {block.width}{norm}, {block.activation}"
        case families.Basic():
            text = f"basic 3x3 -> {block.width}{_se(block.se_reduction)}"
        case families.Bottleneck():
            width = bottleneck_width(block.width, block.reduction, block.groups)
            groups = f", {block.groups} groups" if block.groups > 1 else ""
            text = f"bottleneck 3x3, {width} -> {block.width}{groups}{_se(block.se_reduction)}"
        case families.PreactBasic():
            text = f"pre-activation basic 3x3 -> {block.width}"
        case families.PreactBottleneck():
            width = bottleneck_width(block.width, block.reduction)
            text = f"pre-activation bottleneck 3x3, {width} -> {block.width}"
        case families.Dense():
            after = f", transition -> {block.transition}" if block.transition else ""
            text = f"dense layer 3x3, {block.growth_rate} more each{after}"
        case families.Separable():
            text = f"separable {block.kernel}x{block.kernel} -> {block.width}, {block.activation}"
        case families.MBConv():
            se = {"none": "", "hidden": ", SE 1/4", "input": ", SE 1/4 of the input"}[block.se]
            text = (
                f"mbconv {block.kernel}x{block.kernel}, x{block.expansion:g} -> {block.width}, "
                f"{block.activation}{se}"
            )
        case families.Inception():
            text = (
                f"inception 1x1 {block.ones} + 3x3 {block.threes_reduce}-{block.threes} + "
                f"{block.large_kernel}x{block.large_kernel} {block.fives_reduce}-{block.fives} + "
                f"pool {block.pooled} -> {block.out_channels(0, 1)}"
            )
        case _:
            text = block.family
    return text


def _se(reduction: int) -> str:
    return f", SE 1/{reduction}" if reduction else ""


def _pool(pool: Pool | None) -> list[str]:
    if pool is None:
        return []
    return [f"{pool.kind} pool {pool.kernel}x{pool.kernel} / {pool.stride}"]


def _head(head: Head) -> str:
    parts = [f"conv 1x1 -> {head.features}, {head.activation}"] if head.features else []
    parts.append(f"{head.pool} pool to {head.grid}x{head.grid}")
    parts += [f"dense {width}, {head.activation}" for width in head.hidden]
    if head.dropout:
        parts.append(f"dropout {head.dropout:g}")
    return "head: " + ", ".join([*parts, "classifier"])
