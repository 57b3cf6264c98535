"""Writing a trained network in each format, and checking what was written on real images.

Every writer returns the files it wrote, the main one first, and what it measured. A format
that computes is loaded again, run on the data set's test images, and compared with PyTorch.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import torch
from safetensors.torch import save_file

from nas.errors import InvalidInputError
from nas.export.card import write_card
from nas.export.description import describe
from nas.export.formats import ExportFormat
from nas.export.module import write_module_source
from nas.export.onnx_files import write_int8_onnx, write_onnx
from nas.export.source import ExportSource
from nas.export.trained import ExportError, TrainedNetwork


@dataclass(frozen=True, slots=True)
class Written:
    """Files that an export wrote and the figures it measured about them."""

    files: tuple[Path, ...]
    details: dict[str, Any] = field(default_factory=dict)


def write_file(network: TrainedNetwork, export_format: ExportFormat, path: Path) -> Written:
    """Export to `path` in a format of one file, with its weights beside it where it needs them.

    Raises:
        ConflictError: The format needs weights and there are none yet.
        ExportError: The written network disagrees with the trained one.
        InvalidInputError: The format cannot have a file of this name.
        StandaloneSourceError: An operation's source cannot be copied.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return _WRITERS[export_format](network, path)


def json_content(source: ExportSource) -> dict[str, Any]:
    """Return all that is known of a candidate, and its architecture, as JSON has it."""
    architecture = source.architecture.model_dump(mode="json")
    return describe(source).model_dump(mode="json") | {"architecture": architecture}


def _write_json(network: TrainedNetwork, path: Path) -> Written:
    path.write_text(json.dumps(json_content(network.source), indent=2) + "\n")
    return Written((path,))


def _write_card(network: TrainedNetwork, path: Path) -> Written:
    source = network.source
    path.write_text(write_card(source.architecture, describe(source)))
    return Written((path,))


def _write_safetensors(network: TrainedNetwork, path: Path) -> Written:
    save_file(network.weights, path, metadata=_metadata(network.source))
    return Written((path,))


def _write_python(network: TrainedNetwork, path: Path) -> Written:
    if path.suffix != ".py":
        raise InvalidInputError(f"out: got {path.name!r}, allowed: a file name that ends in .py")
    weights = path.with_suffix(".pt")
    path.write_text(write_module_source(network.source.architecture, describe(network.source)))
    torch.save(network.weights, weights)
    return Written((path, weights), network.compare(_import_file(path).load(weights)))


def _write_torch(network: TrainedNetwork, path: Path) -> Written:
    torch.export.save(network.program, path)
    return Written((path,), network.compare(torch.export.load(path).module()))


def _write_onnx(network: TrainedNetwork, path: Path) -> Written:
    return Written((path,), write_onnx(network, path, _metadata(network.source)))


def _write_int8_onnx(network: TrainedNetwork, path: Path) -> Written:
    return Written((path,), write_int8_onnx(network, path, _metadata(network.source)))


_WRITERS: Mapping[ExportFormat, Callable[[TrainedNetwork, Path], Written]] = MappingProxyType(
    {
        ExportFormat.ONNX: _write_onnx,
        ExportFormat.ONNX_INT8: _write_int8_onnx,
        ExportFormat.SAFETENSORS: _write_safetensors,
        ExportFormat.TORCH: _write_torch,
        ExportFormat.PYTHON: _write_python,
        ExportFormat.JSON: _write_json,
        ExportFormat.CARD: _write_card,
    }
)


def _metadata(source: ExportSource) -> dict[str, str]:
    """Return what a file of weights says of itself, each value as JSON."""
    return {key: json.dumps(value) for key, value in json_content(source).items()}


def _import_file(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("nas_exported_network", path)
    if specification is None or specification.loader is None:
        raise ExportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(specification)
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        specification.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes_bytecode
    return module
