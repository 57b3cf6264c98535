"""The median stopping rule.

Golovin, Solnik, Moitra, Kochanski, Karro, Sculley: Google Vizier, KDD 2017, section 3.2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from nas.schedulers.base import Judgement, Scheduler
from nas.schedulers.options import MedianOptions


class MedianScheduler(Scheduler):
    """Stops a trial whose best value is below the median of the others' averages until then."""

    def __init__(self, epochs: int, seed: int, options: MedianOptions | None = None) -> None:
        super().__init__(epochs, seed)
        self.options = options or MedianOptions()
        self._curves: dict[int, list[float]] = {}

    def judge(self, number: int, epoch: int, value: float) -> Judgement | None:
        """Compare with the trials that have come as far."""
        curve = self._curves.setdefault(number, [])
        curve.append(value)
        first = self.options.min_epochs
        if not first <= epoch < self.epochs:
            return None
        averages = [
            fmean(other[first - 1 : epoch])
            for each, other in self._curves.items()
            if each != number and len(other) >= epoch
        ]
        if len(averages) < self.options.min_trials:
            return Judgement(epoch, max(curve), None)
        best, cutoff = max(curve), median(averages)
        if best >= cutoff:
            return Judgement(epoch, best, cutoff)
        return Judgement(
            epoch,
            best,
            cutoff,
            f"worse than the median at epoch {epoch}: at best {best:.4f}, median {cutoff:.4f}",
        )

    def learn(self, number: int, values: Sequence[float]) -> None:
        """Remember the curve."""
        self._curves[number] = list(values)
