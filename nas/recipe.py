"""How a candidate is trained, as one value that is stored with every trial."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Augmentation(BaseModel):
    """How each training image is moved, by amounts drawn anew each time it is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_shift: int = Field(1, ge=0, le=64, description="shift, whole pixels a side")
    max_rotation: float = Field(10.0, ge=0, le=180, description="rotation, degrees a side")
    max_zoom: float = Field(0.1, ge=0, lt=1, description="change of size, share of the size")


class Recipe(BaseModel):
    """Training recipe: SGD with Nesterov momentum, linear warm-up, cosine decay.

    Loshchilov & Hutter, SGDR, ICLR 2017 (cosine); Goyal et al. 2017 (warm-up);
    Szegedy et al., CVPR 2016 (label smoothing).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(64, ge=2, le=65_536, description="images per step")
    learning_rate: float = Field(0.1, gt=0, le=10, description="peak learning rate")
    momentum: float = Field(0.9, ge=0, lt=1, description="Nesterov momentum")
    weight_decay: float = Field(2e-3, ge=0, le=1, description="L2 penalty on weight matrices")
    warmup_epochs: float = Field(1.0, ge=0, le=1000, description="epochs of linear warm-up")
    label_smoothing: float = Field(0.05, ge=0, lt=1, description="share given to all classes")
    augmentation: Augmentation = Field(
        default_factory=Augmentation, description="how training images are moved"
    )
    gradient_clip: float = Field(
        5.0, gt=0, le=1e6, description="largest norm of the whole gradient"
    )
