"""Settings of a network's batch norms, as part of its architecture."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BatchNorm(BaseModel):
    """Settings of every batch norm, in torch's sense of momentum (1 - decay)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    eps: float = Field(1e-5, gt=0, le=0.1)
    momentum: float = Field(0.1, gt=0, le=1)
