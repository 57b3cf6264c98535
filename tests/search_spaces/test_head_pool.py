"""Max pooling in the head: offered, written, and blind to where a sound stands in time."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from nas.datasets.tones import LOG_MEL, RATE_HERTZ, TIMBRES, note
from search_spaces import (
    Architecture,
    InvalidArchitectureError,
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    build,
    create_space,
    draw,
    parse_architecture,
)
from search_spaces.case_studies import case_studies

SHAPE = (1, 32, 64)

HASHES = {
    "alexnet": "99393605413e2e361540da90e938f152c30b36aad8bc2ae2bf411bd33de9097b",
    "efficientnet-b0": "35c7047ce497012a47371350bbcc94045bb9a70b2fef2859f526f7067b33d428",
    "nas-rl-v1": "9c43ca2a59df8825e720dda396dbf8926c7feb1c57f6d0414f2462af83c8bf7f",
    "resnet-18": "3c495f3b821fa6662688568c384c6de62b40d18bc0e33ce7444c0376ed5b1e22",
}


@pytest.mark.parametrize("name", HASHES)
def test_architecture_from_before_the_choice_keeps_its_json_and_hash(name):
    architecture = case_studies()[name].architecture
    assert architecture.content_hash == HASHES[name]
    assert "max" not in json.dumps(architecture.model_dump(mode="json").get("head", ""))
    assert "head_pool" not in architecture.model_dump()


def test_max_pooling_is_another_network():
    for name, change in (
        ("resnet-18", lambda data: data["head"].update(pool="max")),
        ("nas-rl-v1", lambda data: data.update(head_pool="max")),
    ):
        architecture = case_studies()[name].architecture
        data = architecture.model_dump(mode="json")
        change(data)
        other = parse_architecture(data)
        assert other.content_hash != architecture.content_hash
        assert parse_architecture(other.model_dump_json()) == other
        assert "max" in draw(other).splitlines()[-1]


def test_max_pooling_to_a_grid_is_refused():
    data = case_studies()["vgg-11"].architecture.model_dump(mode="json")
    data["head"]["pool"] = "max"
    message = "architecture.head: pool 'max' with grid 7, allowed: grid 1"
    with pytest.raises(InvalidArchitectureError, match=message):
        parse_architecture(data)


@pytest.mark.parametrize("name", ["stages", "chain"])
def test_head_is_asked_where_the_options_offer_both(name):
    without = create_space(name, {}, SHAPE)
    both = create_space(name, {"head_pools": ["average", "max"]}, SHAPE)
    only = create_space(name, {"head_pools": ["max"]}, SHAPE)
    assert both.size == 2 * without.size == 2 * only.size
    assert "head.pool" not in {decision.name for decision in (*without.decisions, *only.decisions)}
    rng = np.random.default_rng(0)
    kinds = set()
    for _ in range(20):
        architecture = both.sample(rng)
        assert both.architecture(both.choices(architecture)) == architecture
        kinds.add(pool_of(architecture))
    assert kinds == {"average", "max"}
    found = only.sample(rng)
    assert pool_of(found) == "max"
    with pytest.raises(InvalidDecisionsError, match=r"pool='max', the space allows: average"):
        without.choices(found)


def pool_of(architecture: Architecture) -> str:
    found = getattr(architecture, "head_pool", None)
    return str(architecture.head.pool) if found is None else str(found)


def test_head_that_keeps_a_grid_averages():
    space = create_space("stages", {"head_pools": ["average", "max"], "grids": [1, 2]}, SHAPE)
    rng = np.random.default_rng(0)
    found = {(a.head.grid, a.head.pool) for a in (space.sample(rng) for _ in range(60))}
    assert found == {(1, "average"), (1, "max"), (2, "average")}
    for pools, grids in ((["max"], [1, 2]), (["average", "max"], [2])):
        with pytest.raises(InvalidSpaceOptionsError, match=r"grids .* with head_pools .*, allowed"):
            create_space("stages", {"head_pools": pools, "grids": grids})


def spectrograms(starts: list[int]) -> torch.Tensor:
    """One vibrato in silence, from each of the starts in frames: `(N, 1, 32, 64)` in [0, 1]."""
    assert "vibrato" in TIMBRES
    sound = note("vibrato", 440.0, 0.35)
    signals = np.zeros((len(starts), SHAPE[2] * LOG_MEL.hop), dtype=np.float32)
    for signal, start in zip(signals, starts, strict=True):
        first = start * LOG_MEL.hop
        signal[first : first + len(sound)] = sound
    assert len(sound) < RATE_HERTZ
    return torch.from_numpy(LOG_MEL(signals).astype(np.float32) / 255)


CONVOLUTION = {"family": "conv", "width": 12, "norm": True, "bias": False}
HEARERS = {
    "stages": {
        "space": "stages",
        "stages": [
            {"block": CONVOLUTION, "depth": 2},
            {"block": {"family": "basic", "width": 16}, "stride": 2},
        ],
        "head": {"pool": "max"},
    },
    "chain": {
        "space": "chain",
        "layers": [
            {"filter_height": 5, "filter_width": 5, "filters": 12},
            {"filter_height": 3, "filter_width": 3, "filters": 16, "pool": "max", "inputs": [0]},
        ],
        "head_pool": "max",
    },
}


@pytest.mark.parametrize("name", HEARERS)
@torch.no_grad()
def test_class_of_a_sound_does_not_depend_on_when_it_comes(name):
    images = spectrograms([20, 22, 26, 30])  # a multiple of the network's stride, 2, apart
    assert not torch.equal(images[0], images[1])

    def logits(head: str) -> torch.Tensor:
        text = json.dumps(HEARERS[name]).replace('pool": "max"}', f'pool": "{head}"}}')
        torch.manual_seed(0)
        network = build(parse_architecture(text), SHAPE, 8)
        network.train()(torch.rand(16, *SHAPE))  # norms that are not those of a fresh network
        return network.eval()(images)

    found = logits("max")
    assert torch.allclose(found, found[:1].expand_as(found), atol=1e-5)
    assert found.std(dim=1).min() > 1e-3
