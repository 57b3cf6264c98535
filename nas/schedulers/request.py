"""A scheduler as a job's user states it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nas.schedulers.base import Scheduler
from nas.schedulers.options import Signal
from nas.schedulers.registry import find_or_raise_scheduler

_STOOD_FOR = frozenset({"accuracy", "loss"})
"""The metrics that a training loss foresees."""

_CHANGE_THE_LOSS = frozenset(
    {
        "label_smoothing",
        "augmentation",
        "mixup",
        "drop_path",
        "auxiliary_weight",
        "auxiliary_head",
    }
)
"""Fields of the recipe without which training losses cannot be compared."""


class SchedulerRequest(BaseModel):
    """A scheduler's name, and beside it the options of that scheduler."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(description="see `nas schedulers`", examples=["asha"])

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: object) -> object:
        """Take a name alone for its default options, and state all options of a known one."""
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
            return given
        entry = find_or_raise_scheduler(given["name"])
        options = {name: value for name, value in given.items() if name != "name"}
        return {"name": entry.name} | entry.check_options(options).model_dump()

    @property
    def options(self) -> dict[str, Any]:
        """The scheduler's own options."""
        return dict(self.model_extra or {})

    @property
    def signal(self) -> Signal:
        """What trials are compared by."""
        return find_or_raise_scheduler(self.name).check_options(self.options).signal

    def check_signal(self, metrics: Collection[str], searched: Collection[str]) -> None:
        """Check that trials can be compared by the signal; raises `ValueError`.

        Args:
            metrics: What the objective reads.
            searched: The fields of the recipe in which trials differ.
        """
        if self.signal is Signal.OBJECTIVE:
            return
        if not _STOOD_FOR.issuperset(metrics):
            raise ValueError(
                f"scheduler.signal: got {self.signal.value!r} with an objective of "
                f"{', '.join(metrics)}, allowed: an objective of accuracy or loss alone"
            )
        for name in searched:
            if name.partition(".")[0] in _CHANGE_THE_LOSS:
                raise ValueError(
                    f"scheduler.signal: got {self.signal.value!r} with hyperparameter {name!r}, "
                    "allowed: hyperparameters that leave the training loss comparable, not "
                    + ", ".join(sorted(_CHANGE_THE_LOSS))
                )

    def check(self, epochs: int) -> None:
        """Check that trials of so many epochs can be stopped; raises `ValueError`."""
        find_or_raise_scheduler(self.name).check_options(self.options).check(epochs)

    def create(self, epochs: int, seed: int) -> Scheduler:
        """Make a fresh scheduler for trials of so many epochs."""
        return find_or_raise_scheduler(self.name).create(self.options, epochs, seed)
