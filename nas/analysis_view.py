"""An architecture's analysis as REST and CLI show it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from search_spaces import Architecture, parse_architecture
from search_spaces.analysis import analyze
from search_spaces.base import InputShape


class LayerView(BaseModel):
    """One layer with parameters or MACs of its own."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: str
    output_shape: tuple[int, ...] = Field(description="without the batch")
    params: int = Field(description="trainable parameters")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    receptive_field: int = Field(
        description="pixels of the image that one output element sees, the larger of height, width"
    )
    field_size: tuple[int, int] = Field(description="the receptive field's (height, width)")
    jump: tuple[int, int] = Field(description="pixels between the views of two neighbours")


class TotalView(BaseModel):
    """Sums over all layers."""

    model_config = ConfigDict(from_attributes=True)

    params: int
    macs: int
    receptive_field: int = Field(description="the largest before global pooling, pixels")


class AnalysisView(BaseModel):
    """A network's layers in the order they run, for one image."""

    name: str
    input: InputShape = Field(description="shape of one image, (C, H, W)")
    total: TotalView
    layers: list[LayerView]

    @classmethod
    def of(
        cls, architecture: Architecture, input_shape: InputShape, num_classes: int, name: str
    ) -> AnalysisView:
        """Analyse an architecture; needs torch."""
        analysis = analyze(architecture, input_shape, num_classes)
        return cls(
            name=name,
            input=input_shape,
            total=TotalView.model_validate(analysis),
            layers=[LayerView.model_validate(layer) for layer in analysis.layers],
        )


def analyze_json(
    architecture: dict[str, Any], input_shape: InputShape, num_classes: int, name: str
) -> AnalysisView:
    """Analyse an architecture as it was sent; raises `InvalidArchitectureError`."""
    return AnalysisView.of(parse_architecture(architecture), input_shape, num_classes, name)
