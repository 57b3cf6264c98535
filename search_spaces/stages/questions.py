"""The decisions of the space of stages, and their answers as an architecture and back.

A field of a value is one decision: `stage2.depth` is that stage's depth and
`stage2.mbconv.kernel` the kernel of its blocks, asked where its family is `mbconv`. Width, depth
and stride are asked under one name whatever the family, so that they outlive its change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from search_spaces.decisions import Choice, Choices, Condition, Decision
from search_spaces.errors import InvalidDecisionsError
from search_spaces.stages.architecture import Stage, StagesArchitecture
from search_spaces.stages.families import FAMILIES
from search_spaces.stages.options import AUXILIARIES, POOLS, STEM_CONVOLUTIONS, StagesOptions

T = TypeVar("T")

_BRANCHES = ("ones", "threes_reduce", "threes", "fives_reduce", "fives", "pooled")

_BLOCK_MENUS: Mapping[str, Mapping[str, str]] = {
    "conv": {
        "kernel": "kernels",
        "padding": "paddings",
        "norm": "norms",
        "bias": "",
        "activation": "activations",
    },
    "basic": {"se_reduction": "se_reductions"},
    "bottleneck": {
        "reduction": "reductions",
        "groups": "groups",
        "se_reduction": "se_reductions",
    },
    "preact-basic": {"dropout": "block_dropouts"},
    "preact-bottleneck": {"reduction": "reductions"},
    "dense": {"growth_rate": "growth_rates", "bottleneck": "", "transition": "transitions"},
    "separable": {"kernel": "depthwise_kernels", "activation": "activations"},
    "mbconv": {
        "kernel": "depthwise_kernels",
        "expansion": "expansions",
        "activation": "activations",
        "se": "mobile_se",
    },
    "inception": {**dict.fromkeys(_BRANCHES, "branch_widths"), "large_kernel": "depthwise_kernels"},
}
"""By family and field, the option that holds the field's choices; width is asked for all."""

_FIXED_MENUS: Mapping[str, tuple[Choice, ...]] = {"bias": (0, 1), "bottleneck": (4,)}
"""Choices of the fields that no option names."""

_HEAD_MENUS = {
    "features": "features",
    "grid": "grids",
    "activation": "activations",
    "dropout": "dropouts",
}


def stages_decisions(options: StagesOptions) -> tuple[Decision, ...]:
    """List every decision: stem, number of stages, the stages in order, head and training."""
    numbers = tuple(range(options.min_stages, options.max_stages + 1))
    decisions = [*_stem_decisions(options), Decision("stages", numbers)]
    for number in range(1, options.max_stages + 1):
        exists = Condition("stages", frozenset(n for n in numbers if n >= number))
        decisions += _stage_decisions(f"stage{number}", options, exists)
    decisions += [
        Decision(f"head.{field}", _menu(getattr(options, menu)))
        for field, menu in _HEAD_MENUS.items()
    ]
    decisions += [
        Decision("head.hidden", tuple(map(_hidden_name, options.hidden))),
        Decision("batch_norm.eps", options.batch_norm_eps),
        Decision("batch_norm.momentum", options.batch_norm_momenta),
        Decision("drop_path", options.drop_paths),
    ]
    if len(options.head_pools) > 1:
        pooled_to_one = (Condition("head.grid", frozenset({1})),)
        decisions.append(Decision("head.pool", options.head_pools, pooled_to_one))
    return tuple(decisions)


def _stem_decisions(options: StagesOptions) -> Iterator[Decision]:
    yield Decision("stem.convolution", options.stems)
    convolutions = frozenset(name for name in options.stems if name != "none")
    if not convolutions:
        return
    exists = (Condition("stem.convolution", convolutions),)
    yield Decision("stem.width", options.widths, exists)
    yield Decision("stem.norm", _menu(options.stem_norms), exists)
    yield Decision("stem.bias", _FIXED_MENUS["bias"], exists)
    yield Decision("stem.activation", options.stem_activations, exists)
    yield Decision("stem.pool", options.stem_pools, exists)


def _stage_decisions(stage: str, options: StagesOptions, exists: Condition) -> Iterator[Decision]:
    yield Decision(f"{stage}.family", options.families, (exists,))
    yield Decision(f"{stage}.depth", options.depths, (exists,))
    yield Decision(f"{stage}.stride", options.strides, (exists,))
    yield Decision(f"{stage}.pool", options.pools, (exists,))
    yield Decision(f"{stage}.auxiliary", options.auxiliaries, (exists,))
    with_width = frozenset(name for name in options.families if _has_width(name))
    if with_width:
        yield Decision(
            f"{stage}.width", options.widths, (Condition(f"{stage}.family", with_width),)
        )
    for family in options.families:
        asked = (Condition(f"{stage}.family", frozenset({family})),)
        for field, menu in _BLOCK_MENUS[family].items():
            choices = _menu(getattr(options, menu)) if menu else _FIXED_MENUS[field]
            yield Decision(f"{stage}.{family}.{field}", choices, asked)


def architecture_of(chosen: Choices, options: StagesOptions) -> StagesArchitecture:
    """Turn checked answers into an architecture; what is not asked is as in `options`."""
    return StagesArchitecture.model_validate(
        {
            "stem": _stem_of(chosen),
            "stages": [
                _stage_of(f"stage{number}", chosen)
                for number in range(1, int(chosen["stages"]) + 1)
            ],
            "head": {
                **{field: chosen[f"head.{field}"] for field in _HEAD_MENUS},
                "hidden": _hidden_of(str(chosen["head.hidden"])),
                "pool": chosen.get("head.pool", _unasked_head_pool(options)),
            },
            "batch_norm": {
                "eps": chosen["batch_norm.eps"],
                "momentum": chosen["batch_norm.momentum"],
            },
            "drop_path": chosen["drop_path"],
        }
    )


def _stem_of(chosen: Choices) -> dict[str, Any] | None:
    convolution = STEM_CONVOLUTIONS[str(chosen["stem.convolution"])]
    if convolution is None:
        return None
    kernel, stride, padding = convolution
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        **{field: chosen[f"stem.{field}"] for field in ("width", "norm", "bias", "activation")},
        "pool": POOLS[str(chosen["stem.pool"])],
    }


def _stage_of(stage: str, chosen: Choices) -> dict[str, Any]:
    family = str(chosen[f"{stage}.family"])
    block = {field: chosen[f"{stage}.{family}.{field}"] for field in _BLOCK_MENUS[family]}
    if _has_width(family):
        block["width"] = chosen[f"{stage}.width"]
    return {
        "block": {"family": family, **block},
        "depth": chosen[f"{stage}.depth"],
        "stride": chosen[f"{stage}.stride"],
        "pool": POOLS[str(chosen[f"{stage}.pool"])],
        "auxiliary": AUXILIARIES[str(chosen[f"{stage}.auxiliary"])],
    }


def choices_of(architecture: StagesArchitecture, options: StagesOptions) -> dict[str, Choice]:
    """Read an architecture's answers; which of them a space allows is for the caller to check.

    Raises:
        InvalidDecisionsError: A pooling, stem or auxiliary head has no name in any space, or the
            head pools otherwise than the options have it where they do not let it be chosen.
    """
    stem = architecture.stem
    chosen: dict[str, Choice] = {"stages": len(architecture.stages)}
    geometry = None if stem is None else (stem.kernel, stem.stride, stem.padding)
    chosen["stem.convolution"] = _name_of(geometry, STEM_CONVOLUTIONS, "stem.convolution")
    if stem is not None:
        for field in ("width", "norm", "bias", "activation"):
            chosen[f"stem.{field}"] = _choice(getattr(stem, field))
        chosen["stem.pool"] = _name_of(stem.pool, POOLS, "stem.pool")
    for number, stage in enumerate(architecture.stages, 1):
        chosen |= _stage_choices(f"stage{number}", stage)
    for field in _HEAD_MENUS:
        chosen[f"head.{field}"] = getattr(architecture.head, field)
    chosen["head.hidden"] = _hidden_name(architecture.head.hidden)
    chosen["batch_norm.eps"] = architecture.batch_norm.eps
    chosen["batch_norm.momentum"] = architecture.batch_norm.momentum
    chosen["drop_path"] = architecture.drop_path
    if len(options.head_pools) > 1 and architecture.head.grid == 1:
        chosen["head.pool"] = architecture.head.pool
    elif architecture.head.pool != _unasked_head_pool(options):
        raise InvalidDecisionsError(
            f"architecture has head.pool={architecture.head.pool!r}, "
            f"the space allows: {', '.join(options.head_pools)}"
        )
    return chosen


def _stage_choices(name: str, stage: Stage) -> dict[str, Choice]:
    family = stage.block.family
    chosen: dict[str, Choice] = {
        f"{name}.family": family,
        f"{name}.depth": stage.depth,
        f"{name}.stride": stage.stride,
        f"{name}.pool": _name_of(stage.pool, POOLS, f"{name}.pool"),
        f"{name}.auxiliary": _name_of(stage.auxiliary, AUXILIARIES, f"{name}.auxiliary"),
    }
    if _has_width(family):
        chosen[f"{name}.width"] = stage.block.out_channels(0, 1)
    for field in _BLOCK_MENUS[family]:
        chosen[f"{name}.{family}.{field}"] = _choice(getattr(stage.block, field))
    return chosen


def _unasked_head_pool(options: StagesOptions) -> str:
    """Return how a head pools that is not asked, as one that keeps a grid."""
    return options.head_pools[0] if len(options.head_pools) == 1 else "average"


def _has_width(family: str) -> bool:
    return "width" in FAMILIES[family].model_fields


def _menu(values: Iterable[Any]) -> tuple[Choice, ...]:
    return tuple(_choice(value) for value in values)


def _choice(value: Any) -> Choice:
    choice: Choice = int(value) if isinstance(value, bool) else value
    return choice


def _name_of(value: T, known: Mapping[str, T], decision: str) -> str:
    for name, each in known.items():
        if each == value:
            return name
    raise InvalidDecisionsError(f"decision {decision!r}: got {value}, allowed: {', '.join(known)}")


def _hidden_name(widths: tuple[int, ...]) -> str:
    return "-".join(map(str, widths)) or "none"


def _hidden_of(name: str) -> tuple[int, ...]:
    return () if name == "none" else tuple(int(width) for width in name.split("-"))
