"""The formats a network can be exported to."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """How the network leaves: for a runtime, as weights, as a program, as code, as data, as all."""

    ONNX = "onnx"
    ONNX_INT8 = "onnx-int8"
    SAFETENSORS = "safetensors"
    TORCH = "torch"
    PYTHON = "python"
    JSON = "json"
    CARD = "card"
    BUNDLE = "bundle"

    @property
    def file_name(self) -> str:
        """The name of the main file where the user gives none."""
        return _FILE_NAMES[self]

    @property
    def needs_weights(self) -> bool:
        """Whether only a trained network can be written so."""
        return self not in (ExportFormat.JSON, ExportFormat.CARD)


_FILE_NAMES = {
    ExportFormat.ONNX: "model.onnx",
    ExportFormat.ONNX_INT8: "model-int8.onnx",
    ExportFormat.SAFETENSORS: "model.safetensors",
    ExportFormat.TORCH: "model.pt2",
    ExportFormat.PYTHON: "model.py",
    ExportFormat.JSON: "architecture.json",
    ExportFormat.CARD: "model-card.md",
    ExportFormat.BUNDLE: "bundle.zip",
}
