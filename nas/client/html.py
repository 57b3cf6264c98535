"""A job as a notebook shows it."""

from __future__ import annotations

from html import escape

from nas.representations import JobView
from nas.status import JobStatus

_COLOURS = {
    JobStatus.COMPLETED: "#2e7d32",
    JobStatus.FAILED: "#c62828",
    JobStatus.STOPPED: "#6d6d6d",
}


def job_html(job: JobView) -> str:
    """Write a job as an HTML table; whatever a user may have chosen is escaped."""
    rows = [
        ("search", f"{job.space} by {job.sampler} on {job.dataset}, seed {job.seed}"),
        ("trials", f"{job.trials_done} of {job.trials} done"),
    ]
    if job.best is not None:
        figures = job.best.metrics
        accuracy = "–" if figures.accuracy is None else f"{figures.accuracy:.2%}"
        rows.append(
            (
                "best",
                f"trial {job.best.number}: validation accuracy {accuracy}, "
                f"{figures.params:,} parameters, {figures.macs:,} MACs",
            )
        )
    if job.test_accuracy is not None:
        rows.append(("test accuracy", f"{job.test_accuracy:.2%}"))
    if job.error is not None:
        rows.append(("error", job.error))
    rows.append(("id", job.id))
    share = min(job.trials_done / job.trials, 1.0)
    body = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows)
    colour = _COLOURS.get(job.status, "#1565c0")
    return (
        f"<div><strong>{escape(job.name)}</strong> "
        f'<span style="color:{colour}">{escape(job.status.value)}</span><br>'
        f'<progress max="1" value="{share:.4f}" style="width:20em"></progress>'
        f"<table>{body}</table></div>"
    )
