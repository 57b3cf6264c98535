"""VGG-11, -13, -16 and -19, without and with batch norm.

Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR
2015, table 1 (columns A, B, D, E), https://arxiv.org/abs/1409.1556; batch norm as in torchvision,
behind convolutions that keep their bias.
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Head, Pool, Stage, StagesArchitecture
from search_spaces.stages.families import Conv

_WIDTHS = (64, 128, 256, 512, 512)
_DEPTHS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(layers: int, *, norm: bool) -> StagesArchitecture:
    """Return the network of `layers` layers with weights."""
    return StagesArchitecture(
        stages=tuple(
            Stage(block=Conv(width=width, norm=norm), depth=depth, pool=Pool())
            for width, depth in zip(_WIDTHS, _DEPTHS[layers], strict=True)
        ),
        head=Head(grid=7, hidden=(4096, 4096), dropout=0.5),
    )


def _study(layers: int, params: int, macs: int, *, norm: bool = False) -> CaseStudy:
    return CaseStudy(
        name=f"vgg-{layers}" + "-bn" * norm,
        family="VGG",
        year=2014,
        source="https://arxiv.org/abs/1409.1556",
        architecture=vgg(layers, norm=norm),
        params=params,
        macs=macs,
    )


CASE_STUDIES = (
    _study(11, 132_863_336, 7_609_090_048),
    _study(13, 133_047_848, 11_308_466_176),
    _study(16, 138_357_544, 15_470_264_320),
    _study(19, 143_667_240, 19_632_062_464),
    _study(11, 132_868_840, 7_609_090_048, norm=True),
    _study(13, 133_053_736, 11_308_466_176, norm=True),
    _study(16, 138_365_992, 15_470_264_320, norm=True),
    _study(19, 143_678_248, 19_632_062_464, norm=True),
)
