"""Networks of stages as text: stem, each stage and head on a line of its own."""

from __future__ import annotations

from search_spaces.blocks.rounding import bottleneck_width
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
