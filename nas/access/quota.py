"""How much the holder of a key may use."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Quota(BaseModel):
    """Limits of one key; None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, description="requests each minute", examples=[600]
    )
    jobs_at_once: int | None = Field(
        None, ge=0, le=1_000_000, description="jobs queued or running at once", examples=[2]
    )
    trials: int | None = Field(
        None, ge=0, le=2**31, description="trials asked for, over all its jobs", examples=[1000]
    )
    gpu_hours: float | None = Field(
        None,
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="hours of GPUs that its trials took; reached, no job starts any more",
        examples=[100.0],
    )


NO_QUOTA = Quota.model_validate({})
