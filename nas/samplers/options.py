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


class RLOptions(SamplerOptions):
    """Settings of the controller and its policy gradient; the defaults suit 20 to 500 trials."""

    hidden_size: int = Field(64, ge=1, le=4096, description="units of the LSTM")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    batch_size: int = Field(4, ge=1, le=10_000, description="results per update of the policy")
    baseline_decay: float = Field(0.9, ge=0, lt=1, description="memory of the reward's average")
    entropy_weight: float = Field(0.02, ge=0, description="bonus for an undecided policy")
    temperature: float = Field(1.0, gt=0, description="divides the logits while sampling")
    tanh_constant: float | None = Field(
        2.5, gt=0, description="bounds the logits to +-constant (ENAS); null: unbounded"
    )
    ppo_clip: float | None = Field(
        None, gt=0, lt=1, description="clip of the probability ratio (PPO); null: REINFORCE"
    )
    ppo_epochs: int = Field(4, ge=1, le=100, description="steps per batch where PPO clips")
