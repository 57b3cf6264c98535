"""Where a job's files lie below the artefact directory."""

from __future__ import annotations

from pathlib import Path

WEIGHTS_NAME = "weights.safetensors"
CHECKPOINT_NAME = "checkpoint.pt"
TRIAL_LOG_NAME = "trial.log"


def job_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of everything a job leaves."""
    return artifact_dir / job_id


def trial_directory(artifact_dir: Path, job_id: str, trial_id: str) -> Path:
    """Return the directory of a trial's checkpoint, weights and log."""
    return job_directory(artifact_dir, job_id) / "trials" / trial_id


def final_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of the retrained winner's weights."""
    return job_directory(artifact_dir, job_id) / "final"


def supernet_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of the checkpoints of a job's supernet."""
    return job_directory(artifact_dir, job_id) / "supernet"


def baseline_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of what a job's baselines drew."""
    return job_directory(artifact_dir, job_id) / "baselines"


def export_directory(artifact_dir: Path, job_id: str) -> Path:
    """Return the directory of a job's exports."""
    return job_directory(artifact_dir, job_id) / "export"
