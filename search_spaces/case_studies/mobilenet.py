"""MobileNet v1, v2 and v3.

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam: MobileNets, 2017, table 1,
https://arxiv.org/abs/1704.04861 (with ReLU6, as in its published code)
Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2, CVPR 2018, table 2,
https://arxiv.org/abs/1801.04381
Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam: Searching for
MobileNetV3, ICCV 2019, tables 1 and 2, https://arxiv.org/abs/1905.02244
"""

from __future__ import annotations

from search_spaces.batch_norm import BatchNorm
from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Head, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import Activation, MBConv, MobileSE, Separable


def _mobilenet_v1() -> StagesArchitecture:
    stages = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))
    return StagesArchitecture(
        stem=Stem(width=32, stride=2, activation="relu6"),
        stages=tuple(Stage(block=Separable(width=w), depth=d, stride=s) for w, d, s in stages),
    )


def _mobilenet_v2() -> StagesArchitecture:
    stages = (
        (16, 1, 1, 1),
        (24, 6, 2, 2),
        (32, 6, 3, 2),
        (64, 6, 4, 2),
        (96, 6, 3, 1),
        (160, 6, 3, 2),
        (320, 6, 1, 1),
    )
    return StagesArchitecture(
        stem=Stem(width=32, stride=2, activation="relu6"),
        stages=tuple(
            Stage(block=MBConv(width=w, expansion=t), depth=d, stride=s) for w, t, d, s in stages
        ),
        head=Head(features=1280, activation="relu6", dropout=0.2),
    )


V3Stage = tuple[int, float, int, Activation, MobileSE, int, int]
"""Kernel, expansion, width, activation, SE, depth and stride."""

_LARGE: tuple[V3Stage, ...] = (
    (3, 1, 16, "relu", "none", 1, 1),
    (3, 4, 24, "relu", "none", 1, 2),
    (3, 3, 24, "relu", "none", 1, 1),
    (5, 3, 40, "relu", "hidden", 3, 2),
    (3, 6, 80, "hard-swish", "none", 1, 2),
    (3, 2.5, 80, "hard-swish", "none", 1, 1),
    (3, 2.3, 80, "hard-swish", "none", 2, 1),
    (3, 6, 112, "hard-swish", "hidden", 2, 1),
    (5, 6, 160, "hard-swish", "hidden", 3, 2),
)
_SMALL: tuple[V3Stage, ...] = (
    (3, 1, 16, "relu", "hidden", 1, 2),
    (3, 4.5, 24, "relu", "none", 1, 2),
    (3, 3.67, 24, "relu", "none", 1, 1),
    (5, 4, 40, "hard-swish", "hidden", 1, 2),
    (5, 6, 40, "hard-swish", "hidden", 2, 1),
    (5, 3, 48, "hard-swish", "hidden", 2, 1),
    (5, 6, 96, "hard-swish", "hidden", 3, 2),
)


def _mobilenet_v3(stages: tuple[V3Stage, ...], features: int, hidden: int) -> StagesArchitecture:
    return StagesArchitecture(
        stem=Stem(width=16, stride=2, activation="hard-swish"),
        stages=tuple(
            Stage(
                block=MBConv(width=width, kernel=kernel, expansion=t, activation=act, se=se),
                depth=depth,
                stride=stride,
            )
            for kernel, t, width, act, se, depth, stride in stages
        ),
        head=Head(features=features, hidden=(hidden,), activation="hard-swish", dropout=0.2),
        batch_norm=BatchNorm(eps=1e-3, momentum=0.01),
    )


CASE_STUDIES = (
    CaseStudy(
        name="mobilenet-v1",
        family="MobileNet",
        year=2017,
        source="https://arxiv.org/abs/1704.04861",
        architecture=_mobilenet_v1(),
        params=4_231_976,
        macs=568_740_352,
        top1_error=0.294,
    ),
    CaseStudy(
        name="mobilenet-v2",
        family="MobileNet",
        year=2018,
        source="https://arxiv.org/abs/1801.04381",
        architecture=_mobilenet_v2(),
        params=3_504_872,
        macs=300_774_272,
        top1_error=0.28,
    ),
    CaseStudy(
        name="mobilenet-v3-large",
        family="MobileNet",
        year=2019,
        source="https://arxiv.org/abs/1905.02244",
        architecture=_mobilenet_v3(_LARGE, 960, 1280),
        params=5_483_032,
        macs=216_589_760,
        top1_error=0.248,
    ),
    CaseStudy(
        name="mobilenet-v3-small",
        family="MobileNet",
        year=2019,
        source="https://arxiv.org/abs/1905.02244",
        architecture=_mobilenet_v3(_SMALL, 576, 1024),
        params=2_542_856,
        macs=56_510_400,
        top1_error=0.326,
    ),
)
