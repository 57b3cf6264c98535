"""What a job ends with: the winner, retrained and tested once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FinalResult(BaseModel):
    """The winner's test, measured once after retraining on training and validation images."""

    model_config = ConfigDict(frozen=True)

    trial_id: str = Field(description="the trial whose architecture won")
    epochs: int = Field(description="epochs of the retraining")
    test_accuracy: float = Field(description="share of test images classified right, in [0, 1]")
    test_loss: float = Field(description="mean cross-entropy on the test images, nats")
    batch_size: int | None = Field(
        None, description="images per step where memory did not hold the recipe's batches"
    )
