"""What is known of a baseline once it is measured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BaselineResult(BaseModel):
    """A baseline's figures; what has not been measured is null."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    name: str = Field(description="see `GET /api/v1/baselines`")
    validation_accuracy: float | None = Field(
        None, description="after fitting on training images, in [0, 1]"
    )
    test_accuracy: float | None = Field(
        None,
        description="measured once at the job's end, fitted on training and validation images",
    )
    fit_seconds: float | None = Field(None, description="fitting on training images")
    features: int | None = Field(None, description="numbers that describe one image")
    parameters: int | None = Field(None, description="numbers learned with labels")
    error: str | None = Field(None, description="why it could not be measured")

    @property
    def is_known(self) -> bool:
        """Whether it has been measured, or why it cannot be is known."""
        return self.validation_accuracy is not None or self.error is not None
