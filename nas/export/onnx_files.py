"""Writing ONNX, in single precision and with 8-bit integers, and running what was written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.export.trained import INPUT, ONNX_OPSET, OUTPUT, TrainedNetwork

_QUANTISED = (
    *("Conv", "Gemm", "MatMul", "Add", "Mul", "Concat", "Relu", "Clip"),
    *("MaxPool", "AveragePool", "GlobalAveragePool"),
)
"""Operators that compute on 8-bit integers; batch norms that follow no convolution do not."""


def write_onnx(network: TrainedNetwork, path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """Write the network for any number of images, and compare what onnxruntime makes of it."""
    _save(network, path, metadata)
    return network.compare(running(path)) | {"opset": ONNX_OPSET}


def write_int8_onnx(
    network: TrainedNetwork, path: Path, metadata: dict[str, str]
) -> dict[str, Any]:
    """Quantise the network after training, for CPUs, and measure what accuracy it costs.

    Weights per channel and activations are 8-bit integers; the activations' ranges are those of
    training images (Jacob et al., CVPR 2018). Weights take 7 of their 8 bits, since CPUs without
    VNNI add two products in 16 bits, which would overflow.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.preprocess import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="nas-quantise-") as scratch:
        single, prepared = Path(scratch, "single.onnx"), Path(scratch, "prepared.onnx")
        _save(network, single, metadata)
        quant_pre_process(single, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Calibration(network.calibration_images()),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_QUANTISED),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        single_bytes = single.stat().st_size
    figures = network.compare_answers(running(path))
    single_accuracy = network.accuracy(network.logits)
    return figures | {
        "opset": ONNX_OPSET,
        "single_precision_test_accuracy": single_accuracy,
        "accuracy_drop": single_accuracy - figures["test_accuracy"],
        "size_bytes": path.stat().st_size,
        "single_precision_size_bytes": single_bytes,
    }


def running(path: Path) -> Callable[[Tensor], Tensor]:
    """Open an ONNX file on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run([OUTPUT], {INPUT: images.numpy()})[0])


def _save(network: TrainedNetwork, path: Path, metadata: dict[str, str]) -> None:
    program = network.onnx
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


class _Calibration:
    """Hands images to the quantiser one by one, as its reader of calibration data."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._batches: Iterator[dict[str, Any]] = iter(
            {INPUT: images[i : i + 1]} for i in range(len(images))
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next image, None after the last."""
        return next(self._batches, None)
