"""Pre-activation ResNets and WRN-28-10.

He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016, tables 3 to 5,
https://arxiv.org/abs/1603.05027
Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016, tables 1 and 5,
https://arxiv.org/abs/1605.07146
"""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Pool, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import PreactBasic, PreactBottleneck

_PREACT = "https://arxiv.org/abs/1603.05027"
_WIDE = "https://arxiv.org/abs/1605.07146"
_CIFAR: InputShape = (3, 32, 32)

_IMAGENET_STEM = Stem(
    width=64,
    kernel=7,
    stride=2,
    padding=3,
    norm=False,
    activation="none",
    pool=Pool(kernel=3, padded=True),
)
_CIFAR_STEM = Stem(width=16, norm=False, activation="none")


def preact_resnet_50() -> StagesArchitecture:
    """Return the pre-activation form of ResNet-50."""
    stages = zip((256, 512, 1024, 2048), (3, 4, 6, 3), (1, 2, 2, 2), strict=True)
    return StagesArchitecture(
        stem=_IMAGENET_STEM,
        stages=tuple(
            Stage(block=PreactBottleneck(width=w), depth=d, stride=s) for w, d, s in stages
        ),
    )


def cifar_resnet(
    block: type[PreactBasic] | type[PreactBottleneck], width: int, depth: int
) -> StagesArchitecture:
    """Return three stages of `depth` blocks, `width` channels in the first, doubled twice."""
    return StagesArchitecture(
        stem=_CIFAR_STEM,
        stages=tuple(
            Stage(block=block(width=width * factor), depth=depth, stride=stride)
            for factor, stride in ((1, 1), (2, 2), (4, 2))
        ),
    )


CASE_STUDIES = (
    CaseStudy(
        name="preact-resnet-50",
        family="Pre-activation ResNet",
        year=2016,
        source=_PREACT,
        architecture=preact_resnet_50(),
        params=25_549_352,
        macs=4_089_184_256,
    ),
    CaseStudy(
        name="preact-resnet-110",
        family="Pre-activation ResNet",
        year=2016,
        source=_PREACT,
        architecture=cifar_resnet(PreactBasic, 16, 18),
        params=1_730_522,
        macs=253_149_824,
        input_shape=_CIFAR,
        num_classes=10,
        top1_error=0.0637,
    ),
    CaseStudy(
        name="preact-resnet-1001",
        family="Pre-activation ResNet",
        year=2016,
        source=_PREACT,
        architecture=cifar_resnet(PreactBottleneck, 64, 111),
        params=10_327_706,
        macs=1_490_995_712,
        input_shape=_CIFAR,
        num_classes=10,
        space_options={"depths": (18, 111)},
        top1_error=0.0492,
    ),
    CaseStudy(
        name="wrn-28-10",
        family="Wide ResNet",
        year=2016,
        source=_WIDE,
        architecture=cifar_resnet(PreactBasic, 160, 4),
        params=36_479_194,
        macs=5_243_328_768,
        input_shape=_CIFAR,
        num_classes=10,
        top1_error=0.04,
    ),
)
