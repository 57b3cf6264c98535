"""What each trial of a job gets of the cluster."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Resources(BaseModel):
    """What each trial gets of the cluster; fractions share a device among trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpus_per_trial: float = Field(1.0, gt=0, le=1024, description="CPU cores, fractions allowed")
    gpus_per_trial: float | None = Field(
        None,
        ge=0,
        le=64,
        description="GPUs, fractions allowed; unset: a quarter of one where the cluster has GPUs",
    )
    max_concurrent_trials: int | None = Field(
        None, ge=1, le=100_000, description="unset: as many as the cluster holds"
    )
    compile: bool = Field(
        False,
        description="run candidates through torch.compile: worth its half a minute or more per "
        "candidate where an epoch takes minutes",
    )
