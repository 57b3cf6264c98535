"""The CIFAR-10 network found by reinforcement learning, and its two published variations.

Zoph, Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section 4.1, table 1
and figure 7 (appendix), https://arxiv.org/abs/1611.01578

Of the family of table 1, only the network without strides and pooling is published layer by
layer (figure 7). Of the others the paper gives depth and size alone, so they are no points here:
v2 with strides (20 layers, 2.5 M parameters), v3 with max pooling (39 layers, 7.1 M) and v3 with
40 more filters per layer (39 layers, 37.4 M).
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.chain.architecture import ChainArchitecture, Layer

_FIGURE_7 = (
    # filter height, filter width, filters, layers taken
    (3, 3, 36, ()),
    (3, 3, 48, (0,)),
    (3, 3, 36, (0, 1)),
    (5, 5, 36, (0, 1, 2)),
    (3, 7, 48, (2, 3)),
    (7, 7, 48, (1, 2, 3, 4)),
    (7, 7, 48, (1, 2, 3, 4, 5)),
    (7, 3, 36, (0, 5, 6)),
    (7, 1, 36, (0, 4, 5, 7)),
    (7, 7, 36, (0, 2, 3, 4, 5, 6, 7, 8)),
    (5, 7, 36, (0, 1, 4, 5, 6, 7, 8, 9)),
    (7, 7, 48, (0, 1, 2, 3, 5, 10)),
    (7, 5, 48, (0, 2, 5, 6, 7, 8, 9, 10, 11)),
    (7, 5, 48, (2, 6, 11, 12)),
    (7, 5, 48, (5, 6, 10, 11, 12, 13)),
)
"""The filters are printed in the figure; the skip connections are read off its arrows.

The reading is second-hand, from a reimplementation, not from the figure itself. What speaks for
it: it gives 4.2 M parameters, as table 1 has it, and leaves no layer but the last unused.
"""

_PAPER = "Zoph, Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017"
_LINK = "https://arxiv.org/abs/1611.01578"
_SPACE_OPTIONS = {"layers": len(_FIGURE_7)}


def _study(
    name: str,
    source: str,
    taken: tuple[tuple[int, ...], ...],
    params: int,
    macs: int,
    top1_error: float,
) -> CaseStudy:
    return CaseStudy(
        name=name,
        family="NAS with RL",
        year=2017,
        source=f"{_PAPER}, {source}, {_LINK}",
        architecture=ChainArchitecture(
            layers=tuple(
                Layer(filter_height=height, filter_width=width, filters=filters, inputs=inputs)
                for (height, width, filters, _), inputs in zip(_FIGURE_7, taken, strict=True)
            )
        ),
        params=params,
        macs=macs,
        input_shape=(3, 32, 32),
        num_classes=10,
        space_options=_SPACE_OPTIONS,
        top1_error=top1_error,
    )


CASE_STUDIES = (
    _study(
        "nas-rl-v1",
        "figure 7 (filters as printed; skip connections as read off the arrows by a "
        "reimplementation; table 1 publishes 4.2 M parameters, this has 4,201,630; the "
        "classifier, global average pooling and one dense layer, is not published)",
        tuple(inputs for *_, inputs in _FIGURE_7),
        params=4_201_630,
        macs=4_300_665_312,
        top1_error=0.0550,
    ),
    _study(
        "nas-rl-v1-dense",
        "section 4.1 (figure 7's layers, all densely connected; no size is published, this has "
        "6,630,910 parameters)",
        tuple(tuple(range(number)) for number in range(len(_FIGURE_7))),
        params=6_630_910,
        macs=6_788_248_032,
        top1_error=0.0556,
    ),
    _study(
        "nas-rl-v1-plain",
        "section 4.1 (figure 7's layers without skip connections, each taking the one before; no "
        "size is published, this has 809,134 parameters)",
        tuple((number - 1,) if number else () for number in range(len(_FIGURE_7))),
        params=809_134,
        macs=826_749_408,
        top1_error=0.0797,
    ),
)
