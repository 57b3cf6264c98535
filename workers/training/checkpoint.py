"""Checkpoints and weights on disk: whole or absent, never half written.

A training can do without its checkpoint: one that cannot be written costs epochs after a crash, one
that cannot be read costs those it held, and both are said in the trial's log.
"""

from __future__ import annotations

import logging
import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from nas.errors import TrialFailedError
from nas.evaluation import EpochReport, Metrics
from nas.layout import CHECKPOINT_NAME, WEIGHTS_NAME

_LOG = logging.getLogger(__name__)


def save_checkpoint(directory: Path, state: dict[str, Any], reports: list[EpochReport]) -> None:
    """Store the training state and the reports made so far.

    Where the disk is full or refuses, the checkpoint before stays and the training goes on.
    """
    content = {"state": state, "reports": [asdict(report) for report in reports]}
    try:
        write_atomically(directory / CHECKPOINT_NAME, lambda path: torch.save(content, path))
    except (OSError, RuntimeError) as error:  # the latter from torch's own writer
        _LOG.warning("no checkpoint could be written, the training goes on: %s", _reason(error))


def load_checkpoint(
    directory: Path, device: torch.device
) -> tuple[dict[str, Any], list[EpochReport]] | None:
    """Return what `save_checkpoint` stored, or None if there is nothing that can be read."""
    path = directory / CHECKPOINT_NAME
    if not path.exists():
        return None
    try:
        return _read(path, device)
    except _UNREADABLE as error:
        _LOG.warning("the checkpoint %s is corrupt and is passed over: %s", path, _reason(error))
        return None


_UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    LookupError,
    TypeError,
    ValueError,
)
"""What zipfile, torch and pickle raise on a file that is cut off, changed, or another's."""


def _read(path: Path, device: torch.device) -> tuple[dict[str, Any], list[EpochReport]]:
    with zipfile.ZipFile(path) as archive:  # torch does not look at the checksums that it wrote
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"the checksum of {damaged} does not match")
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
    """Store the model's parameters and buffers as safetensors.

    Raises:
        TrialFailedError: They cannot be written; without them the training is of no use.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    try:
        write_atomically(directory / WEIGHTS_NAME, lambda path: save_file(tensors, path))
    except (OSError, SafetensorError) as error:
        raise TrialFailedError(f"its weights could not be written: {_reason(error)}") from error


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
