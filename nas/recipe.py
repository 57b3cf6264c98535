"""How a candidate is trained, as one value that is stored with every trial."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

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


class Flip(StrEnum):
    """Which training images are mirrored."""

    DATASET = "dataset"
    """Half of them, where the data set says that a mirrored image keeps its class."""
    HORIZONTAL = "horizontal"
    """Half of them."""
    NONE = "none"


class AugmentationPolicy(StrEnum):
    """What draws an operation, such as a rotation or a change of contrast, for each image."""

    NONE = "none"
    RANDAUGMENT = "randaugment"
    """Several operations of one magnitude (Cubuk et al., RandAugment, NeurIPS 2020)."""
    TRIVIALAUGMENT = "trivialaugment"
    """One operation of any magnitude (Müller & Hutter, TrivialAugment, ICCV 2021; wide)."""


class Augmentation(BaseModel):
    """How each training image is changed, by amounts drawn anew each time it is seen.

    A shift is the crop of an image padded with zeros. DeVries & Taylor 2017 (cutout).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_shift: int = Field(1, ge=0, le=64, description="shift, whole pixels a side")
    max_rotation: float = Field(10.0, ge=0, le=180, description="rotation, degrees a side")
    max_zoom: float = Field(0.1, ge=0, lt=1, description="change of size, share of the size")
    flip: Flip = Field(
        Flip.DATASET, description="half of the images mirrored: horizontal, none or dataset's own"
    )
    cutout: int = Field(0, ge=0, le=1024, description="side of the square blackened, pixels")
    policy: AugmentationPolicy = Field(
        AugmentationPolicy.NONE, description="none, randaugment or trivialaugment"
    )
    policy_operations: int = Field(2, ge=1, le=14, description="operations of randaugment, N")
    policy_magnitude: int = Field(9, ge=0, le=30, description="magnitude of randaugment, M of 30")


class Recipe(BaseModel):
    """Training recipe: SGD with Nesterov momentum or AdamW, linear warm-up, cosine decay.

    Loshchilov & Hutter, SGDR, ICLR 2017 (cosine); Loshchilov & Hutter, Decoupled Weight Decay
    Regularization, ICLR 2019 (AdamW); Goyal et al. 2017 (warm-up); Szegedy et al., CVPR 2016
    (label smoothing) and section 8 (averaged weights); Zhang et al., ICLR 2018 (mixup); Zoph et
    al., CVPR 2018, appendix A.4 and A.7 (scheduled drop-path, auxiliary head). A supernet is
    trained without the last four.
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
    mixup: float = Field(
        0.0, ge=0, le=10, description="alpha of mixup's Beta distribution; 0: images unmixed"
    )
    drop_path: float = Field(
        0.0,
        ge=0,
        le=0.9,
        description="probability that the last block's branch is left out, reached linearly over "
        "the training and over the depth; 0: the architecture's own, constant",
    )
    auxiliary_weight: float = Field(
        0.3, ge=0, le=10, description="share of each auxiliary classifier's loss"
    )
    auxiliary_head: bool = Field(
        False,
        description="train an auxiliary classifier at two thirds of the depth, where the "
        "architecture has none of its own",
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

    def as_keyed(self) -> dict[str, Any]:
        """Write the recipe as evaluation keys have it, without the epochs, which they name apart.

        What came later is left out at the default that does what was done before it came, so
        that earlier evaluations keep their keys.
        """
        written = self.resolved().model_dump(mode="json", exclude={"schedule_epochs"})
        _drop_defaults(written, self, _ADDED_LATER)
        _drop_defaults(written["augmentation"], self.augmentation, _ADDED_LATER_TO_AUGMENTATION)
        return written

    def resolved(self) -> Self:
        """Name what is left to the optimiser, so that the recipe stays when defaults change."""
        return self.model_copy(
            update={"learning_rate": self.peak_learning_rate, "weight_decay": self.decay}
        )


_ADDED_LATER = (
    "optimizer",
    "ema_decay",
    "mixup",
    "drop_path",
    "auxiliary_weight",
    "auxiliary_head",
)
_ADDED_LATER_TO_AUGMENTATION = (
    *("flip", "cutout"),
    *("policy", "policy_operations", "policy_magnitude"),
)


def _drop_defaults(written: dict[str, Any], model: BaseModel, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(model, name) == type(model).model_fields[name].default:
            del written[name]
