"""What a user may set about each scheduler; apart from them so that checking is cheap."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Signal(StrEnum):
    """What trials are compared by."""

    OBJECTIVE = "objective"
    """What the job improves, measured on the validation images."""
    TRAIN_LOSS = "train_loss"
    """The epoch's mean training loss: Ru, Lyle, Schut, Fil, van der Wilk, Gal: Speedy Performance
    Estimation for Neural Architecture Search, NeurIPS 2021, https://arxiv.org/abs/2006.04492
    (TSE-E with E = 1: summed over the latest epoch alone)."""


class SchedulerOptions(BaseModel):
    """Base of all schedulers' options; unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_epochs: int = Field(1, ge=1, le=10_000, description="epochs before the first judgement")
    signal: Signal = Field(
        Signal.OBJECTIVE,
        description="what trials are compared by: objective, or train_loss, which tells early "
        "epochs apart more finely than the accuracy on few validation images",
    )

    def check(self, epochs: int) -> None:
        """Check that trials of so many epochs can be stopped; raises `ValueError`."""
        if self.min_epochs >= epochs:
            raise ValueError(
                f"min_epochs is {self.min_epochs} and a trial has {epochs} epochs, "
                "allowed: fewer than those"
            )


class ASHAOptions(SchedulerOptions):
    """Settings of successive halving; rungs lie at `min_epochs`, times the factor, and so on."""

    reduction_factor: float = Field(
        3.0, gt=1, le=100, description="one in so many goes on from a rung, for as much longer"
    )

    def first_rung(self, bracket: int) -> float:
        """Return the epochs to the first rung of a bracket, each one rung later than the last."""
        return float(self.min_epochs * self.reduction_factor**bracket)

    def count_brackets(self, epochs: int) -> int:
        """Return in how many brackets trials of so many epochs are judged."""
        del epochs
        return 1


class HyperbandOptions(ASHAOptions):
    """Settings of Hyperband: successive halving, trials spread over several brackets."""

    brackets: int | None = Field(
        None, ge=1, le=20, description="each has its first rung one later; null: all that have one"
    )

    def count_brackets(self, epochs: int) -> int:
        """Return in how many brackets trials of so many epochs are judged."""
        if self.brackets is not None:
            return self.brackets
        count = 1
        while self.first_rung(count) < epochs:
            count += 1
        return count

    def check(self, epochs: int) -> None:
        """Check that trials of so many epochs can be stopped; raises `ValueError`."""
        super().check(epochs)
        count = self.count_brackets(epochs)
        if self.first_rung(count - 1) >= epochs:
            raise ValueError(
                f"brackets is {count}, whose last has its first rung at epoch "
                f"{self.first_rung(count - 1):g}, and a trial has {epochs} epochs, "
                "allowed: a first rung before those"
            )


class MedianOptions(SchedulerOptions):
    """Settings of the median stopping rule."""

    min_trials: int = Field(3, ge=1, le=10_000, description="others that a median needs")


class ExtrapolationOptions(SchedulerOptions):
    """Settings of stopping by extrapolated learning curves."""

    min_epochs: int = Field(2, ge=1, le=10_000, description="epochs before the first judgement")
    min_trials: int = Field(
        5, ge=3, le=10_000, description="curves known in full before any is extrapolated"
    )
    probability: float = Field(
        0.05, gt=0, lt=1, description="stop what beats the best with a lower probability"
    )
