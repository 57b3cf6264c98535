"""AmoebaNet-A for CIFAR-10.

Real, Aggarwal, Huang, Le: Regularized Evolution for Image Classifier Architecture Search, AAAI 2019,
figure 5 and table 1, https://arxiv.org/abs/1802.01548
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
