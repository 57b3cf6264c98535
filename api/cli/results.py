"""A finished job's figures: as a row of a table, and in the form that scripts rely on."""

from __future__ import annotations

from typing import Any

from api.wording import percent
from nas.representations import JobView


def figures(job: JobView) -> tuple[object, ...]:
    """Return sampler, trials, parameters, MACs, validation and test accuracy."""
    best = job.best
    if best is None:
        return (job.sampler, job.trials_done, "–", "–", "–", "–")
    return (
        job.sampler,
        job.trials_done,
        f"{best.metrics.params:,}",
        f"{best.metrics.macs:,}",
        percent(best.metrics.accuracy),
        percent(job.test_accuracy),
    )


def summary(job: JobView, exports: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write a finished job as `nas search --json` shows it."""
    best = job.best
    found: dict[str, Any] = {
        "job_id": job.id,
        "status": job.status.value,
        "sampler": job.sampler,
        "trials": job.trials_done,
        "best": None
        if best is None
        else {
            "trial_id": best.id,
            "architecture": best.architecture,
            "metrics": best.metrics.model_dump(mode="json"),
        },
        "test_accuracy": job.test_accuracy,
        "baselines": [result.model_dump(mode="json") for result in job.baselines],
    }
    return found if exports is None else found | {"exports": exports}
