"""Checkpoints and weights on disk: whole or absent, never half written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from nas.evaluation import EpochReport, Metrics
from nas.layout import CHECKPOINT_NAME, WEIGHTS_NAME


def save_checkpoint(directory: Path, state: dict[str, Any], reports: list[EpochReport]) -> None:
    """Store the training state and the reports made so far."""
    content = {"state": state, "reports": [asdict(report) for report in reports]}
    write_atomically(directory / CHECKPOINT_NAME, lambda path: torch.save(content, path))


def load_checkpoint(
    directory: Path, device: torch.device
) -> tuple[dict[str, Any], list[EpochReport]] | None:
    """Return what `save_checkpoint` stored, or None if there is nothing."""
    path = directory / CHECKPOINT_NAME
    if not path.exists():
        return None
    content = torch.load(path, map_location=device, weights_only=True)
    reports = [
        EpochReport(**{**report, "metrics": Metrics(**report["metrics"])})
        for report in content["reports"]
    ]
    return content["state"], reports


def drop_checkpoint(directory: Path) -> None:
    """Remove the checkpoint, which nobody needs once the training has ended."""
    (directory / CHECKPOINT_NAME).unlink(missing_ok=True)


def save_weights(directory: Path, model: nn.Module) -> None:
    """Store the model's parameters and buffers as safetensors."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    write_atomically(directory / WEIGHTS_NAME, lambda path: save_file(tensors, path))


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
