"""Every case study by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from search_spaces.case_studies import (
    alexnet,
    amoebanet,
    darts,
    densenet,
    efficientnet,
    enas,
    googlenet,
    mobilenet,
    nas_rl,
    nasnet,
    preact_resnet,
    resnet,
    vgg,
)
from search_spaces.case_studies.base import CaseStudy
from search_spaces.errors import UnknownCaseStudyError

_FAMILIES: tuple[tuple[CaseStudy, ...], ...] = (
    alexnet.CASE_STUDIES,
    vgg.CASE_STUDIES,
    googlenet.CASE_STUDIES,
    resnet.CASE_STUDIES,
    preact_resnet.CASE_STUDIES,
    densenet.CASE_STUDIES,
    mobilenet.CASE_STUDIES,
    efficientnet.CASE_STUDIES,
    nas_rl.CASE_STUDIES,
    nasnet.CASE_STUDIES,
    amoebanet.CASE_STUDIES,
    enas.CASE_STUDIES,
    darts.CASE_STUDIES,
)


@cache
def case_studies() -> Mapping[str, CaseStudy]:
    """Return all case studies by name, in the order of their families."""
    return MappingProxyType({study.name: study for family in _FAMILIES for study in family})


def find_or_raise_case_study(name: str) -> CaseStudy:
    """Return the case study called `name`; raises `UnknownCaseStudyError`."""
    try:
        return case_studies()[name]
    except KeyError:
        raise UnknownCaseStudyError(
            f"no case study {name!r}; known: {', '.join(sorted(case_studies()))}"
        ) from None
