"""What of a cluster each trial of a job gets, as its user states it."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Resources(BaseModel):
    """What each trial gets of the cluster; fractions share a device among trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpus_per_trial: float = Field(
        1.0, gt=0, le=1024, description="CPU cores, fractions allowed; its workers share them"
    )
    gpus_per_trial: float | None = Field(
        None,
        ge=0,
        le=64,
        description="GPUs: a fraction of one, or several, on each of which a worker trains; unset: "
        "the share that the trial's memory is estimated to fill, where the cluster has GPUs",
    )
    workers_per_trial: int | None = Field(
        None,
        ge=1,
        le=64,
        description="processes that train one candidate together, on parts of each batch; unset: "
        "one, or one for each GPU of the trial",
    )
    max_concurrent_trials: int | None = Field(
        None, ge=1, le=100_000, description="unset: as many as the cluster holds"
    )
    epoch_timeout_seconds: float | None = Field(
        None,
        gt=0,
        le=31_536_000,
        description="a trial without a new epoch for so long has failed, and so has the winner's "
        "training, and a baseline that takes longer; unset: never",
    )
    compile: bool = Field(
        False,
        description="run candidates through torch.compile: worth its half a minute or more per "
        "candidate where an epoch takes minutes",
    )

    @property
    def workers(self) -> int:
        """The number of processes that train one candidate together."""
        if self.workers_per_trial is not None:
            return self.workers_per_trial
        return max(1, int(self.gpus_per_trial or 0))

    @property
    def workers_field(self) -> str:
        """The field that says how many workers there are."""
        return "gpus_per_trial" if self.workers_per_trial is None else "workers_per_trial"

    @model_validator(mode="after")
    def _gpus_suit_workers(self) -> Self:
        gpus, workers = self.gpus_per_trial, self.workers_per_trial
        if gpus and gpus > 1 and gpus != int(gpus):
            raise ValueError(
                f"gpus_per_trial: got {gpus:g}, allowed: a fraction up to 1, or a whole number"
            )
        if gpus and workers and not (gpus == workers or (workers == 1 and gpus < 1)):
            raise ValueError(
                f"workers_per_trial: got {workers} with gpus_per_trial {gpus:g}, allowed: as many "
                "as GPUs, since each worker trains on one"
            )
        return self
