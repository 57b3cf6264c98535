"""How a candidate is trained, as one value that is stored with every trial."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class Optimizer(StrEnum):
    """What turns gradients into steps."""

    SGD = "sgd"
    ADAMW = "adamw"

    @property
    def learning_rate(self) -> float:
        """The peak learning rate where none is named."""
        return 0.1 if self is Optimizer.SGD else 0.01

    @property
    def weight_decay(self) -> float:
        """The weight decay where none is named: as a share of the rate's step for AdamW."""
        return 2e-3 if self is Optimizer.SGD else 0.05


class Augmentation(BaseModel):
    """How each training image is moved, by amounts drawn anew each time it is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_shift: int = Field(1, ge=0, le=64, description="shift, whole pixels a side")
    max_rotation: float = Field(10.0, ge=0, le=180, description="rotation, degrees a side")
    max_zoom: float = Field(0.1, ge=0, lt=1, description="change of size, share of the size")


class Recipe(BaseModel):
    """Training recipe: SGD with Nesterov momentum or AdamW, linear warm-up, cosine decay.

    Loshchilov & Hutter, SGDR, ICLR 2017 (cosine); Loshchilov & Hutter, Decoupled Weight Decay
    Regularization, ICLR 2019 (AdamW); Goyal et al. 2017 (warm-up); Szegedy et al., CVPR 2016
    (label smoothing) and section 8 (averaged weights).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(64, ge=2, le=65_536, description="images per step")
    optimizer: Optimizer = Field(Optimizer.SGD, description="sgd or adamw")
    learning_rate: float | None = Field(
        None, gt=0, le=10, description="peak learning rate; null: 0.1 for sgd, 0.01 for adamw"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="Nesterov momentum of sgd, beta1 of adamw")
    weight_decay: float | None = Field(
        None,
        ge=0,
        le=1,
        description="of weight matrices: an L2 penalty for sgd, decoupled for adamw; "
        "null: 0.002 for sgd, 0.05 for adamw",
    )
    schedule_epochs: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="epochs over which the learning rate decays, at least those trained for; "
        "null: just those. With a number, a longer training goes on from a shorter one",
    )
    warmup_epochs: float = Field(1.0, ge=0, le=1000, description="epochs of linear warm-up")
    label_smoothing: float = Field(0.05, ge=0, lt=1, description="share given to all classes")
    augmentation: Augmentation = Field(
        default_factory=Augmentation, description="how training images are moved"
    )
    gradient_clip: float = Field(
        5.0, gt=0, le=1e6, description="largest norm of the whole gradient"
    )
    ema_decay: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay per step of the moving average of the weights that is measured and "
        "kept in their place, ramped up from 0.1; null: the weights themselves",
    )

    @property
    def peak_learning_rate(self) -> float:
        """The peak learning rate, the optimiser's own where none is named."""
        named = self.learning_rate
        return self.optimizer.learning_rate if named is None else named

    @property
    def decay(self) -> float:
        """The weight decay, the optimiser's own where none is named."""
        return self.optimizer.weight_decay if self.weight_decay is None else self.weight_decay

    def horizon(self, epochs: int) -> int:
        """Return the epochs over which the rate decays, of a training of so many epochs."""
        return epochs if self.schedule_epochs is None else self.schedule_epochs

    def resolved(self) -> Self:
        """Name what is left to the optimiser, so that the recipe stays when defaults change."""
        return self.model_copy(
            update={"learning_rate": self.peak_learning_rate, "weight_decay": self.decay}
        )
