"""Every scheduler by name; a scheduler's module is imported only when a job is run with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

from nas.options import validated_options
from nas.schedulers.base import Scheduler
from nas.schedulers.options import (
    ASHAOptions,
    ExtrapolationOptions,
    HyperbandOptions,
    MedianOptions,
    SchedulerOptions,
)


@dataclass(frozen=True, slots=True)
class SchedulerEntry:
    """A scheduler's name, what it does, its options, and `module:Class` of its code."""

    name: str
    summary: str
    options_type: type[SchedulerOptions]
    location: str

    def check_options(self, options: Mapping[str, Any]) -> SchedulerOptions:
        """Validate `options`; raises `ValueError` naming the option at fault."""
        return validated_options(self.options_type, options, f"scheduler {self.name!r}")

    def create(self, options: Mapping[str, Any], epochs: int, seed: int) -> Scheduler:
        """Make a fresh scheduler for trials of so many epochs."""
        made: Scheduler = resolve_name(self.location)(epochs, seed, self.check_options(options))
        return made


SCHEDULERS: Mapping[str, SchedulerEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            SchedulerEntry(
                "asha",
                "asynchronous successive halving (Li et al. 2020), Ray Tune's",
                ASHAOptions,
                "nas.schedulers.halving:HalvingScheduler",
            ),
            SchedulerEntry(
                "hyperband",
                "asynchronous Hyperband (Li et al. 2018), Ray Tune's halving in brackets",
                HyperbandOptions,
                "nas.schedulers.halving:HalvingScheduler",
            ),
            SchedulerEntry(
                "median",
                "median stopping rule (Golovin et al. 2017)",
                MedianOptions,
                "nas.schedulers.median:MedianScheduler",
            ),
            SchedulerEntry(
                "extrapolation",
                "stops what its learning curve says will not beat the best (Baker et al. 2017)",
                ExtrapolationOptions,
                "nas.schedulers.extrapolation:ExtrapolationScheduler",
            ),
        )
    }
)


def find_or_raise_scheduler(name: str) -> SchedulerEntry:
    """Return the scheduler's entry; raises `ValueError` naming the known ones."""
    entry = SCHEDULERS.get(name)
    if entry is None:
        raise ValueError(f"no scheduler {name!r}; known: {', '.join(sorted(SCHEDULERS))}")
    return entry
