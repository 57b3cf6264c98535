"""ResNet, Wide ResNet-50-2, ResNeXt-50, SE-ResNet-50 and SE-ResNeXt-50.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, table 1,
https://arxiv.org/abs/1512.03385; the 3x3 convolution of a bottleneck strides, not the 1x1 before
it, which the published weights have in common and which costs 0.25 GMACs more in ResNet-50.
Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016, https://arxiv.org/abs/1605.07146
Xie, Girshick, Dollár, Tu, He: Aggregated Residual Transformations for Deep Neural Networks,
CVPR 2017, table 1, https://arxiv.org/abs/1611.05431
Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, table 1, https://arxiv.org/abs/1709.01507
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Pool, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import Basic, Bottleneck

_RESNET = "https://arxiv.org/abs/1512.03385"
_WIDE = "https://arxiv.org/abs/1605.07146"
_RESNEXT = "https://arxiv.org/abs/1611.05431"
_SE = "https://arxiv.org/abs/1709.01507"

_STEM = Stem(width=64, kernel=7, stride=2, padding=3, pool=Pool(kernel=3, padded=True))
_STRIDES = (1, 2, 2, 2)

Depths = tuple[int, int, int, int]


def basic_resnet(depths: Depths) -> StagesArchitecture:
    """Return the ResNet of basic blocks with these depths."""
    stages = zip((64, 128, 256, 512), depths, _STRIDES, strict=True)
    return StagesArchitecture(
        stem=_STEM,
        stages=tuple(Stage(block=Basic(width=w), depth=d, stride=s) for w, d, s in stages),
    )


def bottleneck_resnet(
    depths: Depths, *, reduction: int = 4, groups: int = 1, se_reduction: int = 0
) -> StagesArchitecture:
    """Return the ResNet of bottlenecks with these depths; width `256 / reduction` in the first."""
    stages = zip((256, 512, 1024, 2048), depths, _STRIDES, strict=True)
    return StagesArchitecture(
        stem=_STEM,
        stages=tuple(
            Stage(
                block=Bottleneck(
                    width=w, reduction=reduction, groups=groups, se_reduction=se_reduction
                ),
                depth=d,
                stride=s,
            )
            for w, d, s in stages
        ),
    )


def _study(
    name: str,
    architecture: StagesArchitecture,
    params: int,
    macs: int,
    *,
    family: str = "ResNet",
    year: int = 2015,
    source: str = _RESNET,
) -> CaseStudy:
    return CaseStudy(name, family, year, source, architecture, params, macs)


CASE_STUDIES = (
    _study("resnet-18", basic_resnet((2, 2, 2, 2)), 11_689_512, 1_814_073_344),
    _study("resnet-34", basic_resnet((3, 4, 6, 3)), 21_797_672, 3_663_761_408),
    _study("resnet-50", bottleneck_resnet((3, 4, 6, 3)), 25_557_032, 4_089_184_256),
    _study("resnet-101", bottleneck_resnet((3, 4, 23, 3)), 44_549_160, 7_801_405_440),
    _study("resnet-152", bottleneck_resnet((3, 8, 36, 3)), 60_192_808, 11_513_626_624),
    _study(
        "wide-resnet-50-2",
        bottleneck_resnet((3, 4, 6, 3), reduction=2),
        68_883_240,
        11_398_021_120,
        family="Wide ResNet",
        year=2016,
        source=_WIDE,
    ),
    _study(
        "resnext-50-32x4d",
        bottleneck_resnet((3, 4, 6, 3), reduction=2, groups=32),
        25_028_904,
        4_230_479_872,
        family="ResNeXt",
        year=2016,
        source=_RESNEXT,
    ),
    _study(
        "se-resnet-50",
        bottleneck_resnet((3, 4, 6, 3), se_reduction=16),
        28_088_024,
        4_091_699_200,
        family="SENet",
        year=2017,
        source=_SE,
    ),
    _study(
        "se-resnext-50",
        bottleneck_resnet((3, 4, 6, 3), reduction=2, groups=32, se_reduction=16),
        27_559_896,
        4_232_994_816,
        family="SENet",
        year=2017,
        source=_SE,
    ),
)
