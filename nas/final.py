"""What a job ends with: the winner, retrained and tested once, with one seed or with several."""

from __future__ import annotations

from statistics import fmean, stdev

from pydantic import BaseModel, ConfigDict, Field, computed_field

from nas.provenance import Environment

MOST_SEEDS = 100
"""With how many seeds a winner is retrained, at most."""


class SeedResult(BaseModel):
    """The test of a retraining with another seed; its weights are not kept."""

    model_config = ConfigDict(frozen=True)

    seed: int = Field(description="of its weights, batches and augmentation")
    test_accuracy: float = Field(description="share of test images classified right, in [0, 1]")
    test_loss: float = Field(description="mean cross-entropy on the test images, nats")


class FinalResult(BaseModel):
    """The winner's test, measured once after retraining on training and validation images.

    The weights that are kept, and exported, are those of the job's own seed, whatever the others
    gave: to take the best of several would be to choose by the test images.
    """

    model_config = ConfigDict(frozen=True)

    trial_id: str = Field(description="the trial whose architecture won")
    epochs: int = Field(description="epochs of the retraining")
    test_accuracy: float = Field(description="share of test images classified right, in [0, 1]")
    test_loss: float = Field(description="mean cross-entropy on the test images, nats")
    batch_size: int | None = Field(
        None, description="images per step where memory did not hold the recipe's batches"
    )
    further: tuple[SeedResult, ...] = Field(
        (), description="the same with the seeds that follow the job's own"
    )
    seeds_wanted: int = Field(
        1, ge=1, le=MOST_SEEDS, description="seeds to retrain with, the job's own included"
    )
    environment: Environment | None = Field(
        None, description="what the first retraining ran with; null: not recorded then"
    )

    @computed_field(description="over all seeds, in [0, 1]")  # type: ignore[prop-decorator]
    @property
    def mean_test_accuracy(self) -> float:
        """The mean over all seeds."""
        return fmean(self._accuracies)

    @computed_field(  # type: ignore[prop-decorator]
        description="sample standard deviation over all seeds; null: one seed has none"
    )
    @property
    def std_test_accuracy(self) -> float | None:
        """The sample standard deviation over all seeds, None for a single one."""
        return stdev(self._accuracies) if self.further else None

    @property
    def _accuracies(self) -> tuple[float, ...]:
        return (self.test_accuracy, *(each.test_accuracy for each in self.further))
