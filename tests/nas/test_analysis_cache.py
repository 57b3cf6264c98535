from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np
import pytest

from nas import analysis_cache
from nas.analysis_cache import AnalysisCache
from search_spaces import InfeasibleArchitectureError, create_space
from search_spaces.analysis import Analysis, analyze
from search_spaces.totals import Totals

SHAPE, CLASSES = (3, 8, 8), 10
SPACE = create_space("nasbench201", {"cells": 1, "filters": 2})


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the hashes of what is analysed from here on."""
    hashes: list[str] = []

    def noting(architecture, input_shape, num_classes) -> Analysis:
        hashes.append(architecture.content_hash)
        return analyze(architecture, input_shape, num_classes)

    monkeypatch.setattr(analysis_cache, "analyze", noting)
    return hashes


def draws(count: int):
    rng = np.random.default_rng(3)
    return [SPACE.sample(rng) for _ in range(count)]


def test_totals_are_those_of_the_analysis():
    cache = AnalysisCache(SHAPE, CLASSES)
    for architecture in draws(4):
        analysis = analyze(architecture, SHAPE, CLASSES)
        totals = cache.totals(architecture)
        assert type(totals) is Totals
        for each in fields(Totals):
            assert getattr(totals, each.name) == getattr(analysis, each.name)


def test_equal_networks_are_analysed_once(analysed):
    cache = AnalysisCache(SHAPE, CLASSES)
    nothing = SPACE.architecture(dict.fromkeys((d.name for d in SPACE.decisions), "none"))
    to_nowhere = nothing.model_copy(update={"operations": ("nor_conv_1x1", *["none"] * 5)})
    assert to_nowhere != nothing
    assert cache.totals(nothing) is cache.totals(to_nowhere)
    assert len(analysed) == 1


def test_network_that_does_not_exist_is_refused_again_without_another_look(analysed):
    cache = AnalysisCache(SHAPE, num_classes=10**9)
    (too_wide,) = draws(1)
    errors = []
    for _ in range(2):
        with pytest.raises(InfeasibleArchitectureError) as caught:
            cache.totals(too_wide)
        errors.append(caught.value)
    first, second = errors
    assert first is not second
    assert (str(first), first.params, first.macs) == (str(second), second.params, second.macs)
    assert len(analysed) == 1


def test_those_asked_for_least_recently_are_forgotten(analysed):
    cache = AnalysisCache(SHAPE, CLASSES, largest=2)
    first, second, third = draws(3)
    for architecture in (first, second, first, third, first):
        cache.totals(architecture)
    assert len(analysed) == 3
    cache.totals(second)
    assert len(analysed) == 4


def test_entry_takes_less_than_a_kilobyte():
    totals = AnalysisCache(SHAPE, CLASSES).totals(draws(1)[0])
    numbers = [getattr(totals, each.name) for each in fields(totals)]
    memory = [getattr(totals.memory, each.name) for each in fields(totals.memory)]
    held = [totals, totals.memory, *numbers, *memory, "0" * 64]
    assert sum(map(sys.getsizeof, held)) < 1000
