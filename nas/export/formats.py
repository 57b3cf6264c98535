"""The formats a network can be exported to."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """How the network leaves: for a runtime, as weights, as a program, as code, as data."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"
    TORCH = "torch"
    PYTHON = "python"
    JSON = "json"

    @property
    def file_name(self) -> str:
        """The name of the main file where the user gives none."""
        return _FILE_NAMES[self]


_FILE_NAMES = {
    ExportFormat.ONNX: "model.onnx",
    ExportFormat.SAFETENSORS: "model.safetensors",
    ExportFormat.TORCH: "model.pt2",
    ExportFormat.PYTHON: "model.py",
    ExportFormat.JSON: "architecture.json",
}
