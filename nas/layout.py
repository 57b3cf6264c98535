"""Where a job's files lie below the artefact directory while they are worked on.

Finished ones are in the artefact store, see `nas.artifacts`.
"""

from __future__ import annotations

from pathlib import Path

WEIGHTS_NAME = "weights.safetensors"
CHECKPOINT_NAME = "checkpoint.pt"
TRIAL_LOG_NAME = "trial.log"


def job_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of everything a job leaves."""
    return artifact_dir / job_id


def trial_directory(artifact_dir: Path, job_id: str, trial_id: str) -> Path:
    """Return the directory where a trial is trained, and of its log."""
    return job_directory(artifact_dir, job_id) / "trials" / trial_id


def final_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory where the winner is retrained."""
    return job_directory(artifact_dir, job_id) / "final"


def supernet_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of the checkpoints of a job's supernet."""
    return job_directory(artifact_dir, job_id) / "supernet"


def export_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory to which a job's exports are written."""
    return job_directory(artifact_dir, job_id) / "export"
