"""Stopping a trial when its learning curve says that it will hardly beat the best.

Domhan, Springenberg, Hutter: Speeding up Automatic Hyperparameter Optimization of Deep Neural
Networks by Extrapolation of Learning Curves, IJCAI 2015, section 3.3 (the rule); the curve is
foreseen by regression on the curves of earlier trials, see `nas.schedulers.learning_curves`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.schedulers.base import Judgement, Scheduler
from nas.schedulers.learning_curves import forecast_final
from nas.schedulers.options import ExtrapolationOptions


class ExtrapolationScheduler(Scheduler):
    """Foresees the final value after each epoch; the cutoff is the best final value so far."""

    def __init__(self, epochs: int, seed: int, options: ExtrapolationOptions | None = None) -> None:
        super().__init__(epochs, seed)
        self.options = options or ExtrapolationOptions()
        self._curves: dict[int, list[float]] = {}

    def judge(self, number: int, epoch: int, value: float) -> Judgement | None:
        """Stop what beats the best trial so far with too low a probability."""
        curve = self._curves.setdefault(number, [])
        curve.append(value)
        if not self.options.min_epochs <= epoch < self.epochs:
            return None
        whole = [known for _, known in sorted(self._curves.items()) if len(known) == self.epochs]
        if len(whole) < self.options.min_trials:
            return Judgement(epoch, value, None)
        best = max(known[-1] for known in whole)
        forecast = forecast_final(np.array(whole), np.array(curve))
        chance = forecast.probability_above(best)
        if chance >= self.options.probability:
            return Judgement(epoch, forecast.mean, best)
        return Judgement(
            epoch,
            forecast.mean,
            best,
            f"foreseen at epoch {epoch} not to beat the best: {value:.4f} so far, "
            f"{forecast.mean:.4f} in the end, best {best:.4f}, probability {chance:.3f} "
            f"below {self.options.probability:g}",
        )

    def learn(self, number: int, values: Sequence[float]) -> None:
        """Remember the curve."""
        self._curves[number] = list(values)
