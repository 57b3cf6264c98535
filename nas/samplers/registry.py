"""Every sampler by name; a sampler's module is imported only when a job uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

from nas.options import validated_options
from nas.problem import SearchProblem
from nas.samplers.base import MultiObjectiveSampler, Sampler
from nas.samplers.options import (
    CMAESOptions,
    EvolutionOptions,
    GPOptions,
    GridOptions,
    LocalOptions,
    ModelOptions,
    NSGA2Options,
    NSGA3Options,
    RandomOptions,
    RLOptions,
    SamplerOptions,
    TPEOptions,
)
from nas.samplers.scalarizing import ScalarizingSampler


@dataclass(frozen=True, slots=True)
class SamplerEntry:
    """A sampler's name, what it does, its options, and `module:Class` of its code."""

    name: str
    summary: str
    options_type: type[SamplerOptions]
    location: str

    def check_options(self, options: Mapping[str, Any]) -> SamplerOptions:
        """Validate `options`; raises `ValueError` naming the option at fault."""
        return validated_options(self.options_type, options, f"sampler {self.name!r}")

    def create(self, problem: SearchProblem, seed: int, options: Mapping[str, Any]) -> Sampler:
        """Make a fresh sampler for a problem."""
        made: Sampler = resolve_name(self.location)(problem, seed, self.check_options(options))
        return made


SAMPLERS: Mapping[str, SamplerEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            SamplerEntry(
                "rl",
                "LSTM controller trained by policy gradient (Zoph & Le 2017)",
                RLOptions,
                "nas.samplers.rl.sampler:RLSampler",
            ),
            SamplerEntry(
                "model",
                "Gaussian processes over graphs and answers, expected improvement",
                ModelOptions,
                "nas.samplers.model.sampler:ModelSampler",
            ),
            SamplerEntry(
                "evolution",
                "regularised evolution (Real et al. 2019)",
                EvolutionOptions,
                "nas.samplers.evolution:EvolutionSampler",
            ),
            SamplerEntry(
                "local",
                "local search with restarts (White et al. 2021)",
                LocalOptions,
                "nas.samplers.local:LocalSampler",
            ),
            SamplerEntry(
                "tpe",
                "tree-structured Parzen estimator (Optuna)",
                TPEOptions,
                "nas.samplers.tpe:TPESampler",
            ),
            SamplerEntry(
                "gp",
                "Gaussian process over the answers (Optuna)",
                GPOptions,
                "nas.samplers.gp:GPSampler",
            ),
            SamplerEntry(
                "nsga2",
                "genetic algorithm for one or several objectives (Optuna's NSGA-II)",
                NSGA2Options,
                "nas.samplers.nsga:NSGA2Sampler",
            ),
            SamplerEntry(
                "nsga3",
                "genetic algorithm for many objectives (Optuna's NSGA-III)",
                NSGA3Options,
                "nas.samplers.nsga:NSGA3Sampler",
            ),
            SamplerEntry(
                "cmaes",
                "CMA-ES, a coordinate per choice (Hansen 2016)",
                CMAESOptions,
                "nas.samplers.cmaes:CMAESSampler",
            ),
            SamplerEntry(
                "random",
                "uniform random search",
                RandomOptions,
                "nas.samplers.random:RandomSampler",
            ),
            SamplerEntry(
                "grid",
                "every answer in turn, for spaces of few architectures",
                GridOptions,
                "nas.samplers.grid:GridSampler",
            ),
        )
    }
)


def find_or_raise_sampler(name: str) -> SamplerEntry:
    """Return the entry called `name`; raises `ValueError` listing the known ones."""
    try:
        return SAMPLERS[name]
    except KeyError:
        raise ValueError(f"no sampler {name!r}; known: {', '.join(sorted(SAMPLERS))}") from None


def create_sampler(
    name: str, problem: SearchProblem, seed: int, options: Mapping[str, Any]
) -> Sampler:
    """Make the sampler called `name`.

    Where the problem has several objectives, one that learns from a single number becomes part of
    a `ScalarizingSampler`.
    """
    entry = find_or_raise_sampler(name)
    sampler = entry.create(problem, seed, options)
    if problem.num_objectives == 1 or isinstance(sampler, MultiObjectiveSampler):
        return sampler
    return ScalarizingSampler(problem, seed, lambda: entry.create(problem, seed, options))
