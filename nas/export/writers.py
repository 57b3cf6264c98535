"""Writing a trained network in each format, and checking what was written on real images.

Every writer returns the files it wrote, the main one first, and what it measured. A format
that computes is loaded again, run on the data set's test images, and compared with PyTorch.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nas.datasets import find_dataset_of_job, in_memory_part
from nas.errors import NasError
from nas.export.formats import ExportFormat
from nas.export.source import ExportSource
from search_spaces import build_classifier, standalone_source
from search_spaces.classifier import Classifier

ONNX_OPSET = 20

MOST_COMPARED = 1024
"""How many images an export is compared on where they lie on disk."""

LARGEST_DIFFERENCE = 1e-4
"""How far an exported network's logits may be from PyTorch's, in float32."""

ROUNDING = 1e-6
"""Share of the largest logit that single precision alone may make, beyond logits of 100."""


class ExportError(NasError):
    """Raised when an exported network does not compute what the trained one does."""


@dataclass(frozen=True, slots=True)
class Written:
    """Files that an export wrote and the figures it measured about them."""

    files: tuple[Path, ...]
    details: dict[str, Any] = field(default_factory=dict)


def write(source: ExportSource, export_format: ExportFormat, path: Path) -> Written:
    """Export to `path`.

    Raises:
        ConflictError: The format needs weights and there are none yet.
        ExportError: The written network disagrees with the trained one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return _WRITERS[export_format](source, path)


def _write_json(source: ExportSource, path: Path) -> Written:
    content = _description(source) | {"architecture": source.architecture.model_dump(mode="json")}
    path.write_text(json.dumps(content, indent=2) + "\n")
    return Written((path,))


def _write_safetensors(source: ExportSource, path: Path) -> Written:
    tensors = load_file(source.require_weights())
    metadata = {key: json.dumps(value) for key, value in _description(source).items()}
    metadata["architecture"] = source.architecture.model_dump_json()
    save_file(tensors, path, metadata=metadata)
    return Written((path,))


def _write_python(source: ExportSource, path: Path) -> Written:
    if path.suffix != ".py":
        raise ExportError(f"out: got {path.name!r}, allowed: a file name that ends in .py")
    weights = path.with_suffix(".pt")
    code = standalone_source(
        source.architecture, source.dataset.input_shape, source.dataset.num_classes
    )
    path.write_text(code)
    torch.save(load_file(source.require_weights()), weights)
    details = _compare(source, load_model(source), _import_file(path).load(weights))
    return Written((path, weights), details)


def _write_torch(source: ExportSource, path: Path) -> Written:
    model, sample = load_model(source), _sample(source)
    batch = torch.export.Dim("batch")
    program = torch.export.export(model, (sample,), dynamic_shapes=({0: batch},))
    torch.export.save(program, path)
    details = _compare(source, model, torch.export.load(path).module())
    return Written((path,), details)


def _write_onnx(source: ExportSource, path: Path) -> Written:
    import onnxruntime

    model, sample = load_model(source), _sample(source)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    program = torch.onnx.export(
        model,
        (sample,),
        dynamo=True,
        opset_version=ONNX_OPSET,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    if program is None:
        raise ExportError("the ONNX exporter returned no program")
    program.save(path, external_data=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    details = _compare(
        source,
        model,
        lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0]),
    )
    return Written((path,), details | {"opset": ONNX_OPSET})


_WRITERS: Mapping[ExportFormat, Callable[[ExportSource, Path], Written]] = MappingProxyType(
    {
        ExportFormat.ONNX: _write_onnx,
        ExportFormat.SAFETENSORS: _write_safetensors,
        ExportFormat.TORCH: _write_torch,
        ExportFormat.PYTHON: _write_python,
        ExportFormat.JSON: _write_json,
    }
)


def load_model(source: ExportSource) -> Classifier:
    """Build the trained network, ready for inference."""
    model = build_classifier(
        source.architecture, source.dataset.input_shape, source.dataset.num_classes
    )
    model.load_state_dict(load_file(source.require_weights()))
    return model.eval()


def _compare(
    source: ExportSource, trained: Classifier, exported: Callable[[Tensor], Tensor]
) -> dict[str, Any]:
    """Run the exported network on the test images and compare with the trained one.

    Of images that are read from disk, it takes the first `MOST_COMPARED`.
    """
    split = in_memory_part(find_dataset_of_job(source.dataset.name).load().test, MOST_COMPARED)
    images = torch.from_numpy(split.images.astype(np.float32) / 255)
    with torch.inference_mode():
        expected, got = trained(images), exported(images)
    difference = float((got - expected).abs().max())
    allowed = allowed_difference(expected)
    if not difference <= allowed:
        raise ExportError(
            f"the exported network differs from PyTorch by {difference:.2e} on real images, "
            f"allowed: {allowed:.0e}"
        )
    labels = torch.from_numpy(split.labels)
    return {
        "images_compared": len(split),
        "max_abs_difference": difference,
        "test_accuracy": float((got.argmax(dim=1) == labels).double().mean()),
    }


def allowed_difference(logits: Tensor) -> float:
    """Return how far from `logits`, PyTorch's, an exported network's may be."""
    return max(LARGEST_DIFFERENCE, ROUNDING * float(logits.abs().max()))


def _sample(source: ExportSource) -> Tensor:
    """Return a batch to trace with; two images, since a batch of one would be taken for fixed."""
    return torch.rand(2, *source.dataset.input_shape)


def _description(source: ExportSource) -> dict[str, Any]:
    return {
        "input": {
            "shape": list(source.dataset.input_shape),
            "values": "float32 in [0, 1]; the network normalises",
        },
        "classes": list(source.dataset.class_names),
        "dataset": source.dataset.name,
        "job_id": source.job_id,
        "trial_id": source.trial.id,
        "architecture_hash": source.trial.architecture_hash,
        "recipe": source.trial.recipe.model_dump(mode="json"),
        "seed": source.trial.seed,
        "environment": None
        if source.trial.environment is None
        else source.trial.environment.model_dump(mode="json"),
        "validation_metrics": source.trial.metrics.model_dump(),
        "final": None if source.final is None else source.final.model_dump(),
    }


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
