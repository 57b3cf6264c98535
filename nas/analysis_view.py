"""An architecture's analysis as REST and CLI show it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from search_spaces import Architecture, parse_architecture
from search_spaces.analysis import analyze
from search_spaces.base import InputShape

MAX_BATCH_SIZE = 1_000_000
"""Larger ones are slips of the keyboard."""

Side = Annotated[int, Field(ge=1, le=4096)]


class AnalysisRequest(BaseModel):
    """An architecture and the images it is for."""

    model_config = ConfigDict(extra="forbid")

    architecture: dict[str, Any] = Field(description="as trials, case studies and exports hold it")
    input: tuple[Side, Side, Side] = Field((3, 32, 32), description="one image, (C, H, W)")
    num_classes: int = Field(10, ge=1, le=1_000_000, description="classes of the network's head")
    name: str = Field("architecture", max_length=200, description="echoed in the answer")
    batch_size: int = Field(
        1, ge=1, le=MAX_BATCH_SIZE, description="images at once, for the memory"
    )


class LayerView(BaseModel):
    """One layer with parameters or MACs of its own."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="path of the module within the network")
    type: str = Field(description="class of the module")
    output_shape: tuple[int, ...] = Field(description="without the batch")
    params: int = Field(description="trainable parameters")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    activation_bytes: int = Field(description="its output for one image, float32")
    receptive_field: int = Field(
        description="pixels of the image that one output element sees, the larger of height, width"
    )
    field_size: tuple[int, int] = Field(description="the receptive field's (height, width)")
    jump: tuple[int, int] = Field(description="pixels between the views of two neighbours")


class TotalView(BaseModel):
    """What the network takes as a whole; memory is for the batch size named beside it."""

    params: int = Field(description="trainable parameters")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    receptive_field: int = Field(description="the largest before global pooling, pixels")
    depth: int = Field(description="convolutions and dense layers on the longest path")
    peak_activation_bytes: int = Field(
        description="most bytes alive at once in inference, float32, weights left out"
    )
    training_bytes: int = Field(
        description="estimate for a training step, float32, SGD with momentum: weights, "
        "gradients, optimiser state, images and what is kept for the backward pass"
    )


class AnalysisView(BaseModel):
    """A network's layers in the order they run, for one image."""

    name: str = Field(description="as asked for")
    input: InputShape = Field(description="shape of one image, (C, H, W)")
    batch_size: int = Field(description="images at once, for the memory in `total`")
    total: TotalView
    layers: list[LayerView] = Field(description="in the order in which they run")

    @classmethod
    def of(
        cls,
        architecture: Architecture,
        input_shape: InputShape,
        num_classes: int,
        *,
        name: str,
        batch_size: int,
    ) -> AnalysisView:
        """Analyse an architecture; needs torch."""
        analysis = analyze(architecture, input_shape, num_classes)
        return cls(
            name=name,
            input=input_shape,
            batch_size=batch_size,
            total=TotalView(
                params=analysis.params,
                macs=analysis.macs,
                receptive_field=analysis.receptive_field,
                depth=analysis.depth,
                peak_activation_bytes=analysis.peak_activation_bytes(batch_size),
                training_bytes=analysis.training_bytes(batch_size),
            ),
            layers=[LayerView.model_validate(layer) for layer in analysis.layers],
        )


def analyze_json(
    architecture: dict[str, Any],
    input_shape: InputShape,
    num_classes: int,
    name: str,
    batch_size: int,
) -> AnalysisView:
    """Analyse an architecture as it was sent; raises `InvalidArchitectureError`."""
    return AnalysisView.of(
        parse_architecture(architecture),
        input_shape,
        num_classes,
        name=name,
        batch_size=batch_size,
    )
