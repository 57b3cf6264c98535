"""What a user may set about each sampler; apart from the samplers so that checking is cheap."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nas.proxies import find_or_raise_proxy


class SamplerOptions(BaseModel):
    """Base of all samplers' options; unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RandomOptions(SamplerOptions):
    """Random search has nothing to set."""


class GridOptions(SamplerOptions):
    """Grid search has nothing to set."""


def _known_proxy(name: str) -> str:
    return find_or_raise_proxy(name).name


class ModelOptions(SamplerOptions):
    """What model-based search may know beforehand; the rest is learned from the results."""

    warm_start: Annotated[str, AfterValidator(_known_proxy)] | None = Field(
        None,
        description="zero-cost proxy that the model believes in until results say otherwise; it "
        "scores 64 random architectures first",
    )


class EvolutionOptions(SamplerOptions):
    """Settings of regularised evolution; the defaults suit 100 to 1,000 trials."""

    population: int = Field(30, ge=2, le=100_000, description="youngest results kept as parents")
    tournament: int = Field(10, ge=1, le=100_000, description="results compared for each parent")
    crossover: float = Field(0.0, ge=0, le=1, description="share of children with two parents")


class LocalOptions(SamplerOptions):
    """Local search has nothing to set."""


class TPEOptions(SamplerOptions):
    """Settings of Optuna's `TPESampler`."""

    startup_trials: int = Field(10, ge=0, description="random proposals before the model is used")
    candidates: int = Field(24, ge=1, le=10_000, description="candidates compared per proposal")


class GPOptions(SamplerOptions):
    """Settings of Optuna's `GPSampler`."""

    startup_trials: int = Field(10, ge=1, description="random proposals before the model is used")
    deterministic: bool = Field(False, description="equal answers always have equal results")


class GeneticOptions(SamplerOptions):
    """Settings that Optuna's genetic algorithms share; the defaults suit 100 to 1,000 trials."""

    population: int = Field(30, ge=2, le=10_000, description="results per generation")
    mutation: float | None = Field(
        None, ge=0, le=1, description="share of answers drawn anew; null: one per child"
    )
    crossover: float = Field(0.9, ge=0, le=1, description="share of children with two parents")
    swapping: float = Field(
        0.5, ge=0, le=1, description="share of answers taken from the second parent"
    )


class NSGA2Options(GeneticOptions):
    """Settings of NSGA-II."""


class NSGA3Options(GeneticOptions):
    """Settings of NSGA-III."""

    divisions: int = Field(
        3, ge=1, le=100, description="steps along each objective between reference directions"
    )


class CMAESOptions(SamplerOptions):
    """Settings of CMA-ES."""

    population: int | None = Field(
        None, ge=4, le=10_000, description="results per generation; null: 4 + 3 ln(coordinates)"
    )


class RLOptions(SamplerOptions):
    """Settings of the controller and of how it learns; the defaults suit 20 to 1,000 trials."""

    hidden_size: int = Field(64, ge=1, le=4096, description="units of the LSTM")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    batch_size: int = Field(5, ge=1, le=10_000, description="results per update of the policy")
    baseline_decay: float = Field(0.9, ge=0, lt=1, description="memory of the reward's average")
    entropy_weight: float = Field(0.3, ge=0, description="bonus for an undecided policy")
    entropy_half_life: float | None = Field(
        150, gt=0, description="results after which that bonus is halved; null: it stays"
    )
    temperature: float = Field(1.0, gt=0, description="divides the logits while sampling")
    tanh_constant: float | None = Field(
        2.5, gt=0, description="bounds the logits to +-constant (ENAS); null: unbounded"
    )
    ppo_clip: float | None = Field(
        0.2, gt=0, lt=1, description="clip of the probability ratio (PPO); null: REINFORCE"
    )
    ppo_epochs: int = Field(4, ge=1, le=100, description="steps per batch where PPO clips")
    elite_size: int = Field(
        10, ge=1, le=10_000, description="best results that the policy also imitates (PQT)"
    )
    elite_weight: float = Field(1.0, ge=0, description="weight of that; 0: policy gradient alone")
    exploration: float = Field(
        0.1, ge=0, lt=1, description="share of proposals that are drawn uniformly"
    )
    avoid_repeats: bool = Field(
        True, description="draw again what was proposed before, warmer where little else is left"
    )
