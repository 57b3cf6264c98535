"""What is told of an exported network beside its weights: the same in every format."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nas.export.lineage import Lineage
from nas.export.source import ExportSource
from nas.final import FinalResult
from nas.provenance import Environment
from nas.recipe import Recipe
from nas.representations import TrialMetrics
from search_spaces.base import InputShape

VALUES = "float32 in [0, 1]; the network normalises"


class InputDescription(BaseModel):
    """What the network takes."""

    model_config = ConfigDict(frozen=True)

    shape: InputShape = Field(description="of one image: channels, height, width")
    values: str = Field(VALUES, description="the images' values")


class TrainingDescription(BaseModel):
    """How the weights were trained, enough to train them again."""

    model_config = ConfigDict(frozen=True)

    images: Literal["train", "train and validation"] = Field(
        description="the splits it was trained on"
    )
    epochs: int = Field(ge=1, le=10_000)
    seed: int = Field(ge=0, lt=2**31, description="of its weights, batches and augmentation")
    cpus: float = Field(gt=0, le=1024, description="CPU cores of the process that trained it")
    workers: int = Field(1, ge=1, le=64, description="processes that trained it together")
    compiled: bool = Field(False, description="whether it ran through torch.compile")


class MeasuredDescription(BaseModel):
    """What the network reached on images that it was not trained on."""

    model_config = ConfigDict(frozen=True)

    split: Literal["validation", "test"] = Field(description="whose images it was measured on")
    images: int = Field(ge=0, description="their number")
    accuracy: float | None = Field(description="share of images classified right, in [0, 1]")
    loss: float | None = Field(description="mean cross-entropy, nats")


class Description(BaseModel):
    """All that is known of an exported network but its architecture and its weights."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = Field(1, description="of this description")
    input: InputDescription
    classes: tuple[str, ...] = Field(description="names, in the order of the logits")
    dataset: str
    images: dict[str, int] = Field(description="number of the data set's images, by split")
    architecture_hash: str = Field(description="SHA-256 of the canonical form")
    params: int = Field(description="trainable parameters")
    macs: int = Field(description="multiply-accumulates for one image (1 MAC = 2 FLOPs)")
    job_id: str
    trial_id: str
    seed: int = Field(description="of the trial's training in the search")
    recipe: Recipe = Field(description="how it was trained")
    training: TrainingDescription
    measured: MeasuredDescription
    validation_metrics: TrialMetrics = Field(description="of the trial, in the search")
    final: FinalResult | None = Field(description="the winner's test; null: not the winner")
    environment: Environment | None = Field(description="versions and device it was trained with")
    lineage: Lineage


def describe(source: ExportSource) -> Description:
    """Put together what is known of a candidate."""
    trial, dataset, final = source.trial, source.dataset, source.final
    sizes = {
        "train": dataset.train_size,
        "validation": dataset.validation_size,
        "test": dataset.test_size,
    }
    resources = source.resources
    return Description(
        input=InputDescription(shape=dataset.input_shape),
        classes=dataset.class_names,
        dataset=dataset.name,
        images=sizes,
        architecture_hash=trial.architecture_hash,
        params=trial.metrics.params,
        macs=trial.metrics.macs,
        job_id=source.job_id,
        trial_id=trial.id,
        seed=trial.seed,
        recipe=_recipe(source),
        training=TrainingDescription(
            images="train" if final is None else "train and validation",
            epochs=trial.budget if final is None else final.epochs,
            seed=trial.seed if final is None else source.lineage.seed,
            cpus=resources.cpus_per_trial,
            workers=resources.workers,
            compiled=resources.compile,
        ),
        measured=_measured(source, sizes),
        validation_metrics=trial.metrics,
        final=final,
        environment=trial.environment if final is None else final.environment or trial.environment,
        lineage=source.lineage,
    )


def _recipe(source: ExportSource) -> Recipe:
    """Return the recipe that the weights were trained by, where it differs from the trial's."""
    trial, recipe = source.trial, source.trial.recipe.resolved()
    final = source.final
    if final is not None:  # to the end, over its own epochs
        recipe = recipe.model_copy(update={"schedule_epochs": None})
    held = trial.batch_size if final is None else final.batch_size
    if held is not None:  # memory did not hold the recipe's
        recipe = recipe.model_copy(update={"batch_size": held})
    return recipe


def _measured(source: ExportSource, sizes: dict[str, int]) -> MeasuredDescription:
    final, metrics = source.final, source.trial.metrics
    if final is None:
        return MeasuredDescription(
            split="validation",
            images=sizes["validation"],
            accuracy=metrics.accuracy,
            loss=metrics.loss,
        )
    return MeasuredDescription(
        split="test", images=sizes["test"], accuracy=final.test_accuracy, loss=final.test_loss
    )
