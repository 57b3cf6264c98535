"""NASNet-A: the mobile and the large ImageNet network, and one for CIFAR-10; and PNASNet-5.

Zoph, Vasudevan, Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition,
CVPR 2018, figures 2 and 4, tables 1 to 3, appendix A.4, https://arxiv.org/abs/1707.07012
Liu, Zoph, Neumann, Shlens, Hua, Li, Fei-Fei, Yuille, Huang, Murphy: Progressive Neural Architecture
Search, ECCV 2018, figure 1 and table 5, https://arxiv.org/abs/1712.00559

The cells are in the figures. Of the stack the papers leave open what the code that its authors
published says (https://github.com/tensorflow/models, research/slim/nets/nasnet): the width of the
stem, that the first cell takes the stem as it is, that NASNet-A (large) bypasses its reductions,
and that identities stride through a 1x1 convolution. Sizes are without the auxiliary head, which
only training runs. Batch norm has timm's momentum of 0.1, not the published 0.0003, under which
statistics would not settle within a search.
"""

from __future__ import annotations

from search_spaces.base import InputShape
from search_spaces.batch_norm import BatchNorm
from search_spaces.case_studies.base import CaseStudy
from search_spaces.case_studies.cells import BEFORE_LAST, LAST, cell, space_options
from search_spaces.cell.architecture import CellArchitecture
from search_spaces.cell.layout import Layout

_NASNET_A_NORMAL = cell(
    ((LAST, "separable_conv_5x5"), (BEFORE_LAST, "separable_conv_3x3")),
    ((BEFORE_LAST, "separable_conv_5x5"), (BEFORE_LAST, "separable_conv_3x3")),
    ((LAST, "average_pool_3x3_plain"), (BEFORE_LAST, "strided_identity")),
    ((BEFORE_LAST, "average_pool_3x3_plain"), (BEFORE_LAST, "average_pool_3x3_plain")),
    ((LAST, "separable_conv_3x3"), (LAST, "strided_identity")),
    concatenate=(BEFORE_LAST, 2, 3, 4, 5, 6),
)

_NASNET_A_REDUCTION = cell(
    ((LAST, "separable_conv_5x5"), (BEFORE_LAST, "separable_conv_7x7")),
    ((LAST, "max_pool_3x3_plain"), (BEFORE_LAST, "separable_conv_7x7")),
    ((LAST, "average_pool_3x3_plain"), (BEFORE_LAST, "separable_conv_5x5")),
    ((2, "average_pool_3x3_plain"), (3, "strided_identity")),
    ((2, "separable_conv_3x3"), (LAST, "max_pool_3x3_plain")),
    concatenate=(3, 4, 5, 6),
)

_PNASNET_5 = cell(
    ((BEFORE_LAST, "separable_conv_5x5"), (BEFORE_LAST, "max_pool_3x3_plain")),
    ((LAST, "separable_conv_7x7"), (LAST, "max_pool_3x3_plain")),
    ((LAST, "separable_conv_5x5"), (LAST, "separable_conv_3x3")),
    ((4, "separable_conv_3x3"), (LAST, "max_pool_3x3_plain")),
    ((BEFORE_LAST, "separable_conv_3x3"), (LAST, "strided_identity")),
    concatenate="all",
)

_NORM = BatchNorm(eps=1e-3)

NASNET_A_CIFAR = CellArchitecture(
    normal=_NASNET_A_NORMAL,
    reduction=_NASNET_A_REDUCTION,
    repeats=6,
    filters=32,
    layout=Layout(raw_stem=True, padding="end", drop_path=0.4),
)

NASNET_A_MOBILE = CellArchitecture(
    normal=_NASNET_A_NORMAL,
    reduction=_NASNET_A_REDUCTION,
    repeats=4,
    filters=44,
    layout=Layout(stem="imagenet", stem_width=32, raw_stem=True, padding="end", batch_norm=_NORM),
)

NASNET_A_LARGE = CellArchitecture(
    normal=_NASNET_A_NORMAL,
    reduction=_NASNET_A_REDUCTION,
    repeats=6,
    filters=168,
    layout=Layout(
        stem="imagenet",
        stem_width=96,
        raw_stem=True,
        bypass_reductions=True,
        padding="end",
        batch_norm=_NORM,
        drop_path=0.3,
    ),
)

PNASNET_5_LARGE = CellArchitecture(
    normal=_PNASNET_5,
    reduction=_PNASNET_5,
    repeats=4,
    filters=216,
    layout=Layout(
        stem="imagenet",
        stem_width=96,
        raw_stem=True,
        later_stacks=(3, 3),
        padding="end",
        batch_norm=_NORM,
        drop_path=0.4,
    ),
)

_NASNET_LINK = "https://arxiv.org/abs/1707.07012"


def _study(
    name: str,
    source: str,
    architecture: CellArchitecture,
    *,
    params: int,
    macs: int,
    input_shape: InputShape,
    num_classes: int = 1000,
    top1_error: float,
) -> CaseStudy:
    return CaseStudy(
        name=name,
        family="PNASNet" if name.startswith("pnasnet") else "NASNet",
        year=2017,
        source=source,
        architecture=architecture,
        params=params,
        macs=macs,
        input_shape=input_shape,
        num_classes=num_classes,
        space_options=space_options(architecture),
        top1_error=top1_error,
    )


CASE_STUDIES = (
    _study(
        "nasnet-a-large",
        f"{_NASNET_LINK}, table 2, 6 @ 4032 (88.9 M parameters and 23.8 B MACs published)",
        NASNET_A_LARGE,
        params=88_753_150,
        macs=23_783_414_658,
        input_shape=(3, 331, 331),
        top1_error=0.173,
    ),
    _study(
        "nasnet-a-mobile",
        f"{_NASNET_LINK}, table 3, 4 @ 1056 (5.3 M parameters and 564 M MACs published)",
        NASNET_A_MOBILE,
        params=5_289_978,
        macs=563_638_816,
        input_shape=(3, 224, 224),
        top1_error=0.260,
    ),
    _study(
        "nasnet-a-cifar",
        f"{_NASNET_LINK}, table 1, 6 @ 768 (3.3 M parameters published)",
        NASNET_A_CIFAR,
        params=3_346_538,
        macs=544_333_312,
        input_shape=(3, 32, 32),
        num_classes=10,
        top1_error=0.0341,
    ),
    _study(
        "pnasnet-5-large",
        "https://arxiv.org/abs/1712.00559, table 5, N = 4, F = 216 (86.1 M parameters and 25.0 B "
        "MACs published)",
        PNASNET_5_LARGE,
        params=86_057_668,
        macs=24_937_395_792,
        input_shape=(3, 331, 331),
        top1_error=0.171,
    ),
)
