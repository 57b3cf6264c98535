"""The network of ENAS's micro search space for CIFAR-10.

Pham, Guan, Zoph, Le, Dean: Efficient Neural Architecture Search via Parameter Sharing, ICML 2018,
sections 2.4 and 3.2, table 2, https://arxiv.org/abs/1802.03268

The cells are those that the authors released (https://github.com/melodyguan/enas,
scripts/cifar10_micro_final.sh), the stack is that of their code, which projects the last cell's
output twice. The script names 5 normal cells a stack, which makes 3,894,382 parameters; with the 6
of NASNet the network has the published size. Where the code strides an identity it has no ReLU,
and its classifier no bias, which are here; neither tells in the published digits.
"""

from __future__ import annotations

from search_spaces.case_studies.base import CaseStudy
from search_spaces.case_studies.cells import BEFORE_LAST, LAST, cell, space_options
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.layout import Layout

_NORMAL = cell(
    ((BEFORE_LAST, "average_pool_3x3_plain"), (BEFORE_LAST, "separable_conv_3x3")),
    ((BEFORE_LAST, "identity"), (BEFORE_LAST, "separable_conv_5x5")),
    ((BEFORE_LAST, "identity"), (LAST, "separable_conv_5x5")),
    ((LAST, "separable_conv_3x3"), (BEFORE_LAST, "separable_conv_5x5")),
    ((BEFORE_LAST, "average_pool_3x3_plain"), (LAST, "separable_conv_5x5")),
)

_REDUCTION = cell(
    ((LAST, "separable_conv_3x3"), (LAST, "separable_conv_3x3")),
    ((BEFORE_LAST, "max_pool_3x3_plain"), (BEFORE_LAST, "average_pool_3x3_plain")),
    ((LAST, "separable_conv_5x5"), (3, "separable_conv_5x5")),
    ((LAST, "separable_conv_3x3"), (BEFORE_LAST, "identity")),
    ((BEFORE_LAST, "max_pool_3x3_plain"), (LAST, "separable_conv_5x5")),
)

ENAS_CIFAR = CellArchitecture(
    normal=_NORMAL,
    reduction=_REDUCTION,
    repeats=6,
    filters=36,
    layout=Layout(last_projections=2, padding="end", drop_path=0.4),
)

CASE_STUDIES = (
    CaseStudy(
        name="enas-cifar",
        family="ENAS",
        year=2018,
        source="https://arxiv.org/abs/1802.03268, table 2, micro search space (4.6 M parameters "
        "published; here the released cells, 6 to a stack as that size asks for, without the "
        "auxiliary head)",
        architecture=ENAS_CIFAR,
        params=4_587_382,
        macs=727_702_560,
        input_shape=(3, 32, 32),
        num_classes=10,
        space_options=space_options(ENAS_CIFAR),
        top1_error=0.0354,
    ),
)
