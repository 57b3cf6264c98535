"""A trained network beside the images that what is written of it is compared on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.export import ExportedProgram
from torch.onnx import ONNXProgram

from nas.datasets import AnyData, AnySplit, Split, find_dataset_of_job, in_memory_part
from nas.errors import NasError
from nas.export.source import ExportSource
from search_spaces import build_classifier
from search_spaces.classifier import Classifier

MOST_COMPARED = 1024
"""How many images an export is compared on where they lie on disk."""

CALIBRATED_ON = 256
"""How many training images tell the range of a quantised network's activations, at most."""

LARGEST_DIFFERENCE = 1e-4
"""How far an exported network's logits may be from PyTorch's, in float32."""

ROUNDING = 1e-6
"""Share of the largest logit that single precision alone may make, beyond logits of 100."""

ONNX_OPSET = 20
INPUT, OUTPUT = "images", "logits"

_BATCH = 256


class ExportError(NasError):
    """Raised when an exported network does not compute what the trained one does."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What every writer starts from; network and images are read when they are first asked for."""

    source: ExportSource

    @cached_property
    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name; raises `ConflictError` if there are none yet."""
        return load_file(self.source.require_weights())

    @cached_property
    def model(self) -> Classifier:
        """The network, ready for inference."""
        dataset = self.source.dataset
        model = build_classifier(self.source.architecture, dataset.input_shape, dataset.num_classes)
        model.load_state_dict(self.weights)
        return model.eval()

    @cached_property
    def program(self) -> ExportedProgram:
        """The network traced for any number of images, without the traces of our source files."""
        dataset = self.source.dataset
        sample = torch.rand(2, *dataset.input_shape)  # a batch of one would be taken for fixed
        batch = torch.export.Dim("batch")
        program = torch.export.export(self.model, (sample,), dynamic_shapes=({0: batch},))
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        return program

    @cached_property
    def onnx(self) -> ONNXProgram:
        """The network as ONNX, inputs and outputs named; raises `ExportError`."""
        logging.getLogger("onnxscript").setLevel(logging.ERROR)
        program = torch.onnx.export(
            self.program,
            dynamo=True,
            opset_version=ONNX_OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
        if program is None:
            raise ExportError("the ONNX exporter returned no program")
        for node in program.model.graph.all_nodes():
            node.metadata_props.clear()  # where in whose source files it was traced
        return program

    @cached_property
    def data(self) -> AnyData:
        """The data set's images."""
        return find_dataset_of_job(self.source.dataset.name).load()

    @cached_property
    def test(self) -> Split:
        """The test images; of those read from disk, `MOST_COMPARED` at even distances."""
        return _part(self.data.test, MOST_COMPARED)

    @cached_property
    def logits(self) -> Tensor:
        """The network's own answers to the test images."""
        return _run(self.model, self.test)

    def calibration_images(self) -> NDArray[np.float32]:
        """Return `CALIBRATED_ON` training images at even distances, values in [0, 1]."""
        part = _part(self.data.train, CALIBRATED_ON)
        return _floats(part.subset(_evenly(len(part), CALIBRATED_ON)))

    def compare(self, exported: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        """Run the exported network on the test images and compare with the trained one.

        Raises:
            ExportError: Its logits are not the trained network's.
        """
        figures = self.compare_answers(exported)
        allowed = allowed_difference(self.logits)
        if not figures["max_abs_difference"] <= allowed:
            raise ExportError(
                f"the exported network differs from PyTorch by "
                f"{figures['max_abs_difference']:.2e} on real images, allowed: {allowed:.0e}"
            )
        return figures

    def compare_answers(self, exported: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        """Measure how far an exported network is from the trained one, whatever the distance.

        Of images `images_compared` says the number; `equal_answers` is the share that both put
        into the same class.
        """
        got, expected = _run(exported, self.test), self.logits
        return {
            "images_compared": len(self.test),
            "max_abs_difference": float((got - expected).abs().max()),
            "equal_answers": float((got.argmax(1) == expected.argmax(1)).double().mean()),
            "test_accuracy": self.accuracy(got),
        }

    def accuracy(self, logits: Tensor) -> float:
        """Return the share of test images that logits classify right."""
        labels = torch.from_numpy(self.test.labels)
        return int((logits.argmax(1) == labels).sum()) / len(labels)


def allowed_difference(logits: Tensor) -> float:
    """Return how far from `logits`, PyTorch's, an exported network's may be."""
    return max(LARGEST_DIFFERENCE, ROUNDING * float(logits.abs().max()))


def _part(split: AnySplit, most: int) -> Split:
    if isinstance(split, Split):
        return split
    chosen = _evenly(len(split), most)
    part = replace(split, indices=split.indices[chosen], labels=split.labels[chosen])
    return in_memory_part(part, most)


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return at most `most` of `count` positions: a split may lie class by class."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _floats(split: Split) -> NDArray[np.float32]:
    return split.images.astype(np.float32) / np.float32(255)


@torch.inference_mode()
def _run(network: Callable[[Tensor], Tensor], split: Split) -> Tensor:
    """Classify in batches, so that a large split needs no memory of its own size in activations."""
    images = torch.from_numpy(_floats(split))
    return torch.cat([network(batch) for batch in torch.split(images, _BATCH)])
