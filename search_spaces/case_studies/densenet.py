"""DenseNet-121, -161, -169 and -201.

Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017,
table 1, https://arxiv.org/abs/1608.06993
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Pool, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import Dense


def densenet(depths: tuple[int, ...], *, growth_rate: int = 32) -> StagesArchitecture:
    """Return DenseNet-BC with compression 0.5 and `2 growth_rate` channels behind the stem."""
    channels = 2 * growth_rate
    stages = []
    for number, depth in enumerate(depths):
        channels = (channels + depth * growth_rate) // 2
        is_last = number == len(depths) - 1
        block = Dense(growth_rate=growth_rate, transition=0 if is_last else channels)
        stages.append(Stage(block=block, depth=depth, stride=1 if number == 0 else 2))
    return StagesArchitecture(
        stem=Stem(
            width=2 * growth_rate,
            kernel=7,
            stride=2,
            padding=3,
            pool=Pool(kernel=3, padded=True),
        ),
        stages=tuple(stages),
    )


def _study(name: str, architecture: StagesArchitecture, params: int, macs: int) -> CaseStudy:
    source = "https://arxiv.org/abs/1608.06993"
    return CaseStudy(name, "DenseNet", 2016, source, architecture, params, macs)


CASE_STUDIES = (
    _study("densenet-121", densenet((6, 12, 24, 16)), 7_978_856, 2_834_161_664),
    _study("densenet-161", densenet((6, 12, 36, 24), growth_rate=48), 28_681_000, 7_727_907_072),
    _study("densenet-169", densenet((6, 12, 32, 32)), 14_149_480, 3_359_843_328),
    _study("densenet-201", densenet((6, 12, 48, 32)), 20_013_928, 4_291_365_888),
)
