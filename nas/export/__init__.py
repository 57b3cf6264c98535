"""Taking a trained network away: as ONNX, weights, a program, plain code, or data."""

from nas.export.formats import ExportFormat
from nas.export.service import ExportResult, export, export_from_settings

__all__ = ["ExportFormat", "ExportResult", "export", "export_from_settings"]
