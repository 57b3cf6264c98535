"""Sliding windows: how many fit, and what their outputs see of the image.

A receptive field says, for each of height and width, how many pixels of the image one element
sees, and by how many pixels the views of two neighbours differ (Araujo, Norris, Sim: Computing
Receptive Fields of Convolutional Neural Networks, Distill 2019,
https://distill.pub/2019/computing-receptive-fields, equations 1 to 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Pair = tuple[int, int]


class SpatialSizeError(ValueError):
    """Raised when a window does not fit into what is left of the image."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Pixels seen by one element, and pixels between two neighbours, both `(height, width)`."""

    size: Pair = (1, 1)
    jump: Pair = (1, 1)

    def through(self, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> ReceptiveField:
        """Return the field behind a convolution or pooling window."""
        (height, width), (down, right) = self.size, self.jump
        return ReceptiveField(
            (
                height + dilation[0] * (kernel[0] - 1) * down,
                width + dilation[1] * (kernel[1] - 1) * right,
            ),
            (down * stride[0], right * stride[1]),
        )

    def joined(self, other: ReceptiveField) -> ReceptiveField:
        """Return the field of a sum or concatenation: the larger one in each direction."""
        if self == other:
            return self
        return ReceptiveField(
            (max(self.size[0], other.size[0]), max(self.size[1], other.size[1])),
            (max(self.jump[0], other.jump[0]), max(self.jump[1], other.jump[1])),
        )


def count_windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool = False
) -> int:
    """Count a window's positions: floor((in - k + 2p) / s) + 1 without dilation.

    Raises:
        SpatialSizeError: Not one window fits.
    """
    left = size + 2 * padding - dilation * (kernel - 1) - 1
    count = -(-left // stride) + 1 if ceil_mode else left // stride + 1
    # The last window of ceil mode must begin inside the image or its left padding.
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    if count < 1:
        raise SpatialSizeError(
            f"a window of {dilation * (kernel - 1) + 1} does not fit into {size} pixels "
            f"padded by {padding}"
        )
    return count


def pair(value: Any) -> Pair:
    """Read what torch takes for height and width: one number for both, or two."""
    if isinstance(value, int):
        return (value, value)
    return (value[0], value[-1])
