"""What is known of a classic network besides its architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from search_spaces.base import Architecture, InputShape


@dataclass(frozen=True, slots=True)
class CaseStudy:
    """A published network, with the size that its architecture builds to.

    `params` and `macs` hold at `input_shape` and `num_classes`; a test builds every case study
    and compares. They stand here so that a listing needs neither torch nor time.
    """

    name: str
    family: str
    year: int
    source: str
    architecture: Architecture
    params: int
    macs: int
    input_shape: InputShape = (3, 224, 224)
    num_classes: int = 1000
    space_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the space `architecture.space` under which this network is one of its points."""
    top1_error: float | None = None
    """Published top-1 error on the paper's validation or test set, in [0, 1]."""
