"""The cell of DARTS (second order), at the size that the paper evaluates on CIFAR-10.

Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019, figures 4 and 5, table 1,
section 3.1 and appendix A.2, https://arxiv.org/abs/1806.09055
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.case_studies.cells import BEFORE_LAST, LAST, cell, space_options
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.layout import Layout

_NORMAL = cell(
    ((BEFORE_LAST, "separable_conv_3x3"), (LAST, "separable_conv_3x3")),
    ((BEFORE_LAST, "separable_conv_3x3"), (LAST, "separable_conv_3x3")),
    ((LAST, "separable_conv_3x3"), (BEFORE_LAST, "identity")),
    ((BEFORE_LAST, "identity"), (2, "dilated_separable_conv_3x3")),
    concatenate="all",
)

_REDUCTION = cell(
    ((BEFORE_LAST, "max_pool_3x3_plain"), (LAST, "max_pool_3x3_plain")),
    ((2, "identity"), (LAST, "max_pool_3x3_plain")),
    ((BEFORE_LAST, "max_pool_3x3_plain"), (2, "identity")),
    ((2, "identity"), (LAST, "max_pool_3x3_plain")),
    concatenate="all",
)

DARTS_V2 = CellArchitecture(
    normal=_NORMAL,
    reduction=_REDUCTION,
    repeats=6,
    filters=36,
    layout=Layout(final_activation=False, drop_path=0.2),
)
"""20 cells, of which the 7th and the 14th reduce: at a third and two thirds of the depth."""

CASE_STUDIES = (
    CaseStudy(
        name="darts-v2",
        family="DARTS",
        year=2018,
        source="https://arxiv.org/abs/1806.09055, table 1 (3.3 M parameters published; here as in "
        "the authors' code, without the auxiliary head; its paths are dropped with one "
        "probability in all cells, here with one that grows to it)",
        architecture=DARTS_V2,
        params=3_349_342,
        macs=528_359_040,
        input_shape=(3, 32, 32),
        num_classes=10,
        space_options=space_options(DARTS_V2),
        top1_error=0.0276,
    ),
)
