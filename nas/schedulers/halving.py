"""Asynchronous successive halving and Hyperband, decided by Ray Tune's `AsyncHyperBandScheduler`.

Li, Jamieson, Rostamizadeh, Gonina, Ben-Tzur, Hardt, Recht, Talwalkar: A System for Massively
Parallel Hyperparameter Tuning, MLSys 2020, https://arxiv.org/abs/1810.05934 (ASHA, in the variant
that stops trials rather than pausing them); Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar:
Hyperband, JMLR 18, 2018, https://arxiv.org/abs/1603.06560 (brackets).

Tune's scheduler would draw a trial's bracket from the global random generator; here there is one
of Tune's schedulers per bracket, and the bracket is drawn from the trial's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from nas.samplers.base import generator
from nas.schedulers.base import Judgement, Scheduler
from nas.schedulers.options import ASHAOptions


@dataclass(frozen=True, slots=True)
class _Trial:
    """All of a trial that Tune's scheduler looks at."""

    trial_id: int


class HalvingScheduler(Scheduler):
    """Lets the best of each rung go on: one in `reduction_factor` of those that have reached it."""

    def __init__(self, epochs: int, seed: int, options: ASHAOptions | None = None) -> None:
        super().__init__(epochs, seed)
        options = options or ASHAOptions()
        self._factor = options.reduction_factor
        self._brackets: list[Any] = [
            AsyncHyperBandScheduler(
                time_attr="epoch",
                metric="value",
                mode="max",
                max_t=epochs,
                grace_period=options.first_rung(bracket),  # type: ignore[arg-type]
                reduction_factor=options.reduction_factor,
            )
            for bracket in range(options.count_brackets(epochs))
        ]
        self._bracket_of: dict[int, Any] = {}

    def judge(self, number: int, epoch: int, value: float) -> Judgement | None:
        """Let the best of a rung go on."""
        bracket = self._bracket(number)
        rung = self._rung(bracket, epoch)
        cutoff = None if rung is None else self._cutoff(bracket, rung)
        decision = bracket.on_trial_result(None, _Trial(number), {"epoch": epoch, "value": value})
        if rung is None or epoch >= self.epochs:
            return None
        if decision != TrialScheduler.STOP:
            return Judgement(epoch, value, cutoff)
        return Judgement(
            epoch,
            value,
            cutoff,
            f"not among the best 1 in {self._factor:g} at the rung of epoch {epoch}: "
            f"{value:.4f}, cutoff {cutoff:.4f}",
        )

    def learn(self, number: int, values: Sequence[float]) -> None:
        """Enter the values into the rungs."""
        for epoch, value in enumerate(values, 1):
            self.judge(number, epoch, value)

    def _bracket(self, number: int) -> Any:
        """Return the trial's bracket, drawn in proportion to Hyperband's sizes of brackets.

        With `s` further rungs, a bracket has a share of `factor**s / (s + 1)` (Li et al. 2018,
        algorithm 1).
        """
        if number not in self._bracket_of:
            further = np.arange(len(self._brackets))[::-1]
            sizes = self._factor**further / (further + 1)
            # A stream of its own: the sampler's answers may come from the generator itself.
            rng = generator(self.seed, number).spawn(1)[0]
            drawn = rng.choice(len(sizes), p=sizes / sizes.sum())
            self._bracket_of[number] = self._brackets[drawn]
            self._brackets[drawn].on_trial_add(None, _Trial(number))
        return self._bracket_of[number]

    def _rung(self, bracket: Any, epoch: int) -> dict[int, float] | None:
        """Return what a rung holds if this is the first epoch at or past its milestone."""
        (halving,) = bracket._brackets
        for milestone, recorded in halving._rungs:
            if epoch - 1 < milestone <= epoch:
                return recorded  # type: ignore[no-any-return]
        return None

    def _cutoff(self, bracket: Any, rung: dict[int, float]) -> float | None:
        (halving,) = bracket._brackets
        cutoff = halving.cutoff(rung)
        return None if cutoff is None else float(cutoff)
