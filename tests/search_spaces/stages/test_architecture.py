from __future__ import annotations

import pytest

from search_spaces import InvalidArchitectureError, parse_architecture
from search_spaces.stages.architecture import Head
from search_spaces.stages.families import FAMILIES, Conv
from tests.search_spaces.stages.factories import SMALL_BLOCKS, network_of, stage_of


def written(**more: object) -> dict[str, object]:
    data = network_of(stage_of(SMALL_BLOCKS["mbconv"])).model_dump(mode="json")
    return {**data, **more}


def stage_with(**more: object) -> dict[str, object]:
    data = stage_of(SMALL_BLOCKS["mbconv"]).model_dump(mode="json")
    return {**data, **more}


def block_with(kind: str, **more: object) -> dict[str, object]:
    block = {**SMALL_BLOCKS[kind].model_dump(mode="json"), **more}
    return written(stages=[stage_with(block=block)])


def test_every_family_has_a_small_block_in_these_tests():
    assert set(SMALL_BLOCKS) == set(FAMILIES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (written(stages=[]), r"architecture\.stages: .* at least 1"),
        (written(stages=[stage_with()] * 13), r"architecture\.stages: .* at most 12"),
        (written(stages=[stage_with(depth=513)]), r"stages\.0\.depth: .* equal to 512 \(got 513"),
        (written(stages=[stage_with(stride=3)]), r"stages\.0\.stride: .* equal to 2 \(got 3"),
        (written(stages=[stage_with(colour=1)]), r"stages\.0\.colour"),
        (block_with("conv", width=16_385), r"stages\.0\.block\.conv\.width: .*16384 \(got 16385"),
        (block_with("conv", kernel=4), r"block\.conv\.kernel: got 4, allowed: odd numbers"),
        (block_with("conv", kernel=9), r"block\.conv\.kernel: .* 7 \(got 9"),
        (block_with("conv", growth_rate=9), r"block\.conv\.growth_rate"),
        (block_with("mbconv", expansion=9), r"block\.mbconv\.expansion: .* 8 \(got 9"),
        (block_with("mbconv", se="all"), r"block\.mbconv\.se: .*'hidden'.* \(got 'all'"),
        (block_with("dense", growth_rate=1000), r"block\.dense\.growth_rate: .* 512"),
        (block_with("mbconv", family="magic"), r"stages\.0\.block: .*'magic'.*'mbconv'"),
        (written(head={"hidden": [4096] * 4}), r"architecture\.head\.hidden: .* at most 3"),
        (written(head={"hidden": [10**9]}), r"architecture\.head\.hidden\.0: .* 8192"),
        (written(head={"grid": 9}), r"architecture\.head\.grid: .* 8 \(got 9"),
        (written(drop_path=1.0), r"architecture\.drop_path: .* 0\.9 \(got 1\.0"),
        (
            written(stem={"width": 8, "kernel": 3, "padding": 2}),
            r"architecture\.stem: padding 2 with kernel 3, allowed: 0 to 1",
        ),
    ],
)
def test_error_names_the_field_the_value_and_what_is_allowed(data, message):
    with pytest.raises(InvalidArchitectureError, match=message):
        parse_architecture(data)


def test_what_has_no_effect_is_not_part_of_the_canonical_form():
    plain = network_of(stage_of(Conv(width=8)), stem=None)
    decorated = network_of(
        stage_of(Conv(width=8)),
        stem=None,
        head=Head(activation="silu"),
        drop_path=0.2,
        batch_norm={"eps": 1e-3},
    )
    assert decorated.canonical() == plain
    assert decorated.content_hash == plain.content_hash


@pytest.mark.parametrize(
    "more",
    [
        {"drop_path": 0.2},
        {"batch_norm": {"eps": 1e-3}},
        {"head": Head(features=8, activation="silu")},
    ],
)
def test_what_has_an_effect_changes_the_hash(more):
    stages = (stage_of(SMALL_BLOCKS["mbconv"]),)
    assert network_of(*stages, **more).content_hash != network_of(*stages).content_hash
