"""AmoebaNet-A for CIFAR-10.

Real, Aggarwal, Huang, Le: Regularized Evolution for Image Classifier Architecture Search, AAAI
2019, figure 5 and table 1, https://arxiv.org/abs/1802.01548

The cells are read from the code that the authors published for ImageNet
(https://github.com/tensorflow/tpu, models/official/amoeba_net, `amoeba_net_a`), which writes out
the order of blocks, the bottleneck around the 1x7 and 7x1 convolutions, and the states that are
concatenated. The stack for CIFAR-10 is not published; it is NASNet's here.
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.case_studies.cells import BEFORE_LAST, LAST, cell, space_options
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.layout import Layout

_NORMAL = cell(
    ((LAST, "average_pool_3x3_plain"), (LAST, "max_pool_3x3_plain")),
    ((BEFORE_LAST, "separable_conv_3x3"), (BEFORE_LAST, "strided_identity")),
    ((LAST, "strided_identity"), (BEFORE_LAST, "average_pool_3x3_plain")),
    ((LAST, "separable_conv_3x3"), (2, "separable_conv_5x5")),
    ((5, "average_pool_3x3_plain"), (LAST, "separable_conv_3x3")),
    concatenate=(BEFORE_LAST, 3, 4, 6),
)

_REDUCTION = cell(
    ((BEFORE_LAST, "separable_conv_3x3"), (LAST, "average_pool_3x3_plain")),
    ((LAST, "max_pool_3x3_plain"), (2, "separable_conv_7x7")),
    ((BEFORE_LAST, "max_pool_3x3_plain"), (LAST, "max_pool_3x3_plain")),
    ((4, "separable_conv_3x3"), (LAST, "factorized_conv_7x7")),
    ((BEFORE_LAST, "average_pool_3x3_plain"), (LAST, "separable_conv_7x7")),
    concatenate="all",
)

AMOEBANET_A = CellArchitecture(
    normal=_NORMAL,
    reduction=_REDUCTION,
    repeats=6,
    filters=36,
    layout=Layout(raw_stem=True, padding="end"),
)

CASE_STUDIES = (
    CaseStudy(
        name="amoebanet-a",
        family="AmoebaNet",
        year=2018,
        source="https://arxiv.org/abs/1802.01548, table 1, N = 6, F = 36 (3.2 M parameters "
        "published; cells as in the authors' code, stem as NASNet's, without the auxiliary head)",
        architecture=AMOEBANET_A,
        params=3_218_266,
        macs=509_668_992,
        input_shape=(3, 32, 32),
        num_classes=10,
        space_options=space_options(AMOEBANET_A),
        top1_error=0.0334,
    ),
)
