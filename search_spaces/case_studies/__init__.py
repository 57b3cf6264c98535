"""The classic networks as architecture values, one module per family."""

from search_spaces.case_studies.base import CaseStudy
from search_spaces.case_studies.registry import case_studies, find_or_raise_case_study

__all__ = ["CaseStudy", "case_studies", "find_or_raise_case_study"]
