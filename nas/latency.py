"""How a job's latencies are come by."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class LatencyMethod(StrEnum):
    """Whether candidates are run to find out their latency, or only operations not seen before."""

    PREDICTED = "predicted"
    MEASURED = "measured"


class LatencyOptions(BaseModel):
    """Inference in float32 on the kind of device that the job's trials run on.

    Predicted: the sum over a table of operations, each measured once per device and kept in the
    database, and a fitted overhead. The same job on the same device proposes the same again, and
    trials under way disturb nothing. Measured: the median of repeated runs of each candidate,
    exact on an idle device, but never twice the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(1, ge=1, le=65_536, description="images at once")
    threads: int = Field(1, ge=1, le=1024, description="threads of an inference on the CPU")
    method: LatencyMethod = Field(
        LatencyMethod.PREDICTED, description="predicted from operations, or measured as a whole"
    )
