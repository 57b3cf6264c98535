"""EfficientNet-B0 to B7: B0 by search, the others by scaling it.

Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019,
table 1 (B0) and section 3.3, https://arxiv.org/abs/1905.11946; the multipliers, resolutions and
dropout of B1 to B7 are those of its published code.
"""

from __future__ import annotations

from search_spaces.batch_norm import BatchNorm
from search_spaces.case_studies.base import CaseStudy
from search_spaces.stages.architecture import Head, Stage, StagesArchitecture, Stem
from search_spaces.stages.families import MBConv
from search_spaces.stages.scaling import scale

_STAGES = (
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)
"""Kernel, expansion, width, depth and stride."""

B0 = StagesArchitecture(
    stem=Stem(width=32, stride=2, activation="silu"),
    stages=tuple(
        Stage(
            block=MBConv(width=w, kernel=k, expansion=t, activation="silu", se="input"),
            depth=d,
            stride=s,
        )
        for k, t, w, d, s in _STAGES
    ),
    head=Head(features=1280, activation="silu", dropout=0.2),
    batch_norm=BatchNorm(eps=1e-3, momentum=0.01),
    drop_path=0.2,
)


def _study(
    number: int,
    multipliers: tuple[float, float],
    resolution: int,
    dropout: float,
    params: int,
    macs: int,
    top1_error: float,
) -> CaseStudy:
    width, depth = multipliers
    scaled = scale(B0, width=width, depth=depth)
    head = scaled.head.model_copy(update={"dropout": dropout})
    return CaseStudy(
        name=f"efficientnet-b{number}",
        family="EfficientNet",
        year=2019,
        source="https://arxiv.org/abs/1905.11946",
        architecture=scaled.model_copy(update={"head": head}),
        params=params,
        macs=macs,
        input_shape=(3, resolution, resolution),
        top1_error=top1_error,
    )


CASE_STUDIES = (
    _study(0, (1.0, 1.0), 224, 0.2, 5_288_548, 385_814_752, 0.229),
    _study(1, (1.0, 1.1), 240, 0.2, 7_794_184, 686_802_832, 0.209),
    _study(2, (1.1, 1.2), 260, 0.3, 9_109_994, 993_561_872, 0.199),
    _study(3, (1.2, 1.4), 300, 0.3, 12_233_232, 1_827_141_392, 0.184),
    _study(4, (1.4, 1.8), 380, 0.4, 19_341_616, 4_393_771_024, 0.171),
    _study(5, (1.6, 2.2), 456, 0.4, 30_389_784, 10_266_384_752, 0.164),
    _study(6, (1.8, 2.6), 528, 0.5, 43_040_704, 19_067_593_536, 0.160),
    _study(7, (2.0, 3.1), 600, 0.5, 66_347_960, 37_745_884_192, 0.157),
)
