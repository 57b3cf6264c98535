"""Resampling of images by affine maps, each by its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def warped(images: Tensor, rows: tuple[tuple[Tensor | float, ...], ...]) -> Tensor:
    """Resample images `(N, C, H, W)` by an affine map of pixels about the centre, zeros outside.

    `rows` gives x and y of the source: factors of x and of y, and pixels added; each a number or
    one for each image `(N,)`. Bilinear (Jaderberg et al.: Spatial Transformer Networks, NeurIPS
    2015, equation 1).
    """
    n, _, height, width = images.shape
    zero = images.new_zeros(n)
    (xx, xy, x0), (yx, yy, y0) = ((zero + value for value in row) for row in rows)
    # Coordinates run from -1 to 1 along each side, hence the factors of height and width.
    theta = torch.stack(
        [
            torch.stack([xx, xy * height / width, x0 * 2 / width], dim=1),
            torch.stack([yx * width / height, yy, y0 * 2 / height], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
