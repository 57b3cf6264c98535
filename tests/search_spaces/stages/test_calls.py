from __future__ import annotations

from functools import partial

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from search_spaces.blocks.convolution import ConvLayer
from search_spaces.blocks.dense import ConcatenatedLayer
from search_spaces.blocks.mobile import MBConv
from search_spaces.stages.calls import CallWriter
from search_spaces.stages.plan import Call

WIDTHS = st.integers(1, 4).map(lambda n: 8 * n)


@st.composite
def runs(draw: st.DrawFn) -> list[Call]:
    """Draw calls in which like ones follow each other, as they do in a network."""
    count, start = draw(st.integers(1, 7)), draw(WIDTHS)
    match draw(st.sampled_from(["conv", "dense", "mobile", "pool"])):
        case "conv":
            named = {"bias": draw(st.booleans()), "kernel_size": draw(st.sampled_from([1, 3]))}
            return [Call(ConvLayer, (start, start, draw(st.sampled_from([1, 2]))), named)] * count
        case "dense":
            step = draw(st.sampled_from([0, 8]))
            return [Call(ConcatenatedLayer, (start + step * i, 8)) for i in range(count)]
        case "mobile":
            rates = draw(st.lists(st.floats(0, 0.5), min_size=count, max_size=count))
            named = {"activation": "silu", "expansion": 6.0}
            return [Call(MBConv, (8, 8, 1), {**named, "drop_path": rate}) for rate in rates]
        case _:
            return [Call(nn.MaxPool2d, (2, 2), {"ceil_mode": True})] * count


@given(st.lists(runs(), max_size=4).map(lambda each: [call for run in each for call in run]))
def test_written_calls_make_the_modules(calls: list[Call]) -> None:
    writer = CallWriter(calls)
    names = {each.__name__: each for each in (ConvLayer, ConcatenatedLayer, MBConv)}
    namespace = {"nn": nn, "partial": partial, **names}
    with torch.device("meta"):
        exec(writer.shorthands(), namespace)
        written = eval(writer.sequential(calls), namespace)
        expected = nn.Sequential(*(call.make() for call in calls))
    assert str(written) == str(expected)


def test_like_calls_become_a_loop_and_what_they_share_a_shorthand():
    blocks = [
        Call(MBConv, (8, 8, 1), {"activation": "silu", "drop_path": rate})
        for rate in (0.1, 0.2, 0.3, 0.4)
    ]
    writer = CallWriter(blocks)
    assert writer.shorthands() == "mb_conv = partial(MBConv, activation='silu')\n"
    assert writer.sequential(blocks) == (
        "nn.Sequential(*(mb_conv(8, 8, drop_path=drop_path) for drop_path in (0.1, 0.2, 0.3, 0.4)))"
    )
    layers = [Call(ConcatenatedLayer, (64 + 32 * i, 32), {"bottleneck": 4}) for i in range(6)]
    assert CallWriter(layers).sequential(layers) == (
        "nn.Sequential(*(ConcatenatedLayer(in_channels, 32) for in_channels in range(64, 256, 32)))"
    )
    alike = [Call(ConvLayer, (64, 64, 1), {"padding": 1})] * 2
    assert CallWriter(alike).sequential(alike) == (
        "nn.Sequential(ConvLayer(64, 64, padding=1), ConvLayer(64, 64, padding=1),)"
    )
