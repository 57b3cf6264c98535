"""AlexNet and ZFNet.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks,
NIPS 2012, section 3 (two columns, here as one of their joint width, without groups and without
response normalisation).
Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014, footnote 1
(one column), https://arxiv.org/abs/1404.5997
Zeiler, Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014, figure 3,
https://arxiv.org/abs/1311.2901
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Head, Pool, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import Conv, Padding

_POOL = Pool(kernel=3)
_HEAD = Head(grid=6, hidden=(4096, 4096), dropout=0.5)


def _five_convolutions(
    stem: Stem, widths: tuple[int, int, int, int], second_padding: Padding, second_stride: int
) -> StagesArchitecture:
    second, third, fourth, fifth = widths
    return StagesArchitecture(
        stem=stem,
        stages=(
            Stage(
                block=Conv(width=second, kernel=5, padding=second_padding),
                stride=second_stride,
                pool=_POOL,
            ),
            Stage(block=Conv(width=third)),
            Stage(block=Conv(width=fourth)),
            Stage(block=Conv(width=fifth), pool=_POOL),
        ),
        head=_HEAD,
    )


def _alexnet(first: int, *widths: int) -> StagesArchitecture:
    stem = Stem(width=first, kernel=11, stride=4, padding=2, norm=False, bias=True, pool=_POOL)
    second, third, fourth, fifth = widths
    return _five_convolutions(stem, (second, third, fourth, fifth), "same", 1)


_ZF_STEM = Stem(width=96, kernel=7, stride=2, padding=1, norm=False, bias=True, pool=_POOL)

CASE_STUDIES = (
    CaseStudy(
        name="alexnet",
        family="AlexNet",
        year=2014,
        source="https://arxiv.org/abs/1404.5997",
        architecture=_alexnet(64, 192, 384, 256, 256),
        params=61_100_840,
        macs=714_188_480,
    ),
    CaseStudy(
        name="alexnet-2012",
        family="AlexNet",
        year=2012,
        source="https://papers.nips.cc/paper/4824-imagenet-classification-with-deep",
        architecture=_alexnet(96, 256, 384, 384, 256),
        params=62_378_344,
        macs=1_135_256_096,
        top1_error=0.407,
    ),
    CaseStudy(
        name="zfnet",
        family="ZFNet",
        year=2013,
        source="https://arxiv.org/abs/1311.2901",
        architecture=_five_convolutions(_ZF_STEM, (256, 384, 384, 256), "valid", 2),
        params=62_357_608,
        macs=1_168_032_896,
        top1_error=0.384,
    ),
)
