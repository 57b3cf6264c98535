"""GoogLeNet with batch norm, without and with its two auxiliary classifiers.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going Deeper with
Convolutions, CVPR 2015, table 1 and section 5, https://arxiv.org/abs/1409.4842. As in
torchvision, whose sizes are quoted everywhere: batch norm instead of response normalisation, a
3x3 filter in the branch that the paper gives 5x5, and 2x2 windows in the last pooling.
"""

from __future__ import annotations

from search_spaces.batch_norm import BatchNorm
from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import (
    AuxiliaryHead,
    Head,
    Pool,
    Stage,
    StagesArchitecture,
    Stem,
)
from search_spaces.stages.families import Conv, Inception

_POOL = Pool(kernel=3)


def _module(
    *widths: int, pool: Pool | None = None, auxiliary: AuxiliaryHead | None = None
) -> Stage:
    ones, threes_reduce, threes, fives_reduce, fives, pooled = widths
    block = Inception(
        ones=ones,
        threes_reduce=threes_reduce,
        threes=threes,
        fives_reduce=fives_reduce,
        fives=fives,
        pooled=pooled,
        large_kernel=3,
    )
    return Stage(block=block, pool=pool, auxiliary=auxiliary)


def googlenet(auxiliary: AuxiliaryHead | None) -> StagesArchitecture:
    """Return the network; `auxiliary` stands on modules 4a and 4d."""
    return StagesArchitecture(
        stem=Stem(width=64, kernel=7, stride=2, padding=3, pool=_POOL),
        stages=(
            Stage(block=Conv(width=64, kernel=1, norm=True, bias=False)),
            Stage(block=Conv(width=192, norm=True, bias=False), pool=_POOL),
            _module(64, 96, 128, 16, 32, 32),
            _module(128, 128, 192, 32, 96, 64, pool=_POOL),
            _module(192, 96, 208, 16, 48, 64, auxiliary=auxiliary),
            _module(160, 112, 224, 24, 64, 64),
            _module(128, 128, 256, 24, 64, 64),
            _module(112, 144, 288, 32, 64, 64, auxiliary=auxiliary),
            _module(256, 160, 320, 32, 128, 128, pool=Pool()),
            _module(256, 160, 320, 32, 128, 128),
            _module(384, 192, 384, 48, 128, 128),
        ),
        head=Head(dropout=0.4),
        batch_norm=BatchNorm(eps=1e-3),
    )


def _study(name: str, auxiliary: AuxiliaryHead | None, params: int, macs: int) -> CaseStudy:
    return CaseStudy(
        name=name,
        family="GoogLeNet",
        year=2014,
        source="https://arxiv.org/abs/1409.4842",
        architecture=googlenet(auxiliary),
        params=params,
        macs=macs,
        space_options={"auxiliaries": ("none", "googlenet")} if auxiliary else {},
    )


CASE_STUDIES = (
    _study("googlenet", None, 6_624_904, 1_498_376_192),
    _study("googlenet-aux", AuxiliaryHead(), 13_004_888, 1_498_376_192),
)
