"""Every classic is a point of its space and builds to its published size."""

from __future__ import annotations

import pytest

from search_spaces import UnknownCaseStudyError, create_space, parse_architecture
from search_spaces.analysis import analyze
from search_spaces.case_studies import CaseStudy, case_studies, find_or_raise_case_study

EVERY = [pytest.param(study, id=study.name) for study in case_studies().values()]


@pytest.mark.parametrize("study", EVERY)
def test_size_stated_is_the_size_built(study: CaseStudy) -> None:
    analysis = analyze(study.architecture, study.input_shape, study.num_classes)
    assert (analysis.params, analysis.macs) == (study.params, study.macs)


@pytest.mark.parametrize("study", EVERY)
def test_case_study_is_a_point_of_its_space(study: CaseStudy) -> None:
    space = create_space(study.architecture.space, study.space_options)
    assert space.architecture(space.choices(study.architecture)) == study.architecture


@pytest.mark.parametrize("study", EVERY)
def test_case_study_survives_json_and_names_its_source(study: CaseStudy) -> None:
    assert parse_architecture(study.architecture.model_dump_json()) == study.architecture
    assert study.name == study.name.lower()
    assert "http" in study.source
    assert 1998 < study.year < 2027


def test_unknown_case_study_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownCaseStudyError, match="no case study 'resnet-19'; known: "):
        find_or_raise_case_study("resnet-19")
