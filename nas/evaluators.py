"""What turns a job's architectures into figures: training, a proxy alone, or shared weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nas.options import validated_options
from nas.proxies import find_or_raise_proxy
from search_spaces.errors import shown


class EvaluatorKind(StrEnum):
    """How candidates are evaluated."""

    TRAINING = "training"
    PROXY = "proxy"
    WEIGHT_SHARING = "weight-sharing"


class EvaluatorOptions(BaseModel):
    """Base of all evaluators' options; unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WeightSharingOptions(EvaluatorOptions):
    """Settings of the supernet's training and of the ranking by it."""

    epochs: int = Field(30, ge=1, le=10_000, description="passes of the shared weights' training")
    steps_per_epoch: int = Field(
        20, ge=1, le=10_000, description="paths that the sampler learns from after each pass"
    )
    uniform_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of mini-batches on paths drawn uniformly, so that the sampler's "
        "favourites are not all that is trained; 0: as in ENAS",
    )
    candidates: int = Field(
        100, ge=2, le=100_000, description="architectures ranked; the job's trials are the top"
    )


@dataclass(frozen=True, slots=True)
class EvaluatorEntry:
    """An evaluator's name as jobs write it, what it does, and its options."""

    kind: EvaluatorKind
    written: str
    summary: str
    options_type: type[EvaluatorOptions] = EvaluatorOptions


EVALUATORS: Mapping[EvaluatorKind, EvaluatorEntry] = MappingProxyType(
    {
        entry.kind: entry
        for entry in (
            EvaluatorEntry(
                EvaluatorKind.TRAINING, "training", "trains every candidate from scratch"
            ),
            EvaluatorEntry(
                EvaluatorKind.PROXY,
                "proxy:NAME",
                "scores untrained networks by a zero-cost proxy; only the winner is trained",
            ),
            EvaluatorEntry(
                EvaluatorKind.WEIGHT_SHARING,
                "weight-sharing",
                "ranks candidates by the weights of one supernet (ENAS), trains the top ones",
                WeightSharingOptions,
            ),
        )
    }
)


SUPERNETS: Mapping[str, str] = MappingProxyType(
    {
        "cell": "workers.supernet.cell:CellSupernet",
        "nasbench201": "workers.supernet.nasbench201:NasBench201Supernet",
    }
)
"""The spaces whose candidates can share weights, and `module:class` of their supernets."""


@dataclass(frozen=True, slots=True)
class EvaluatorChoice:
    """An evaluator as a job names it, `proxy` where it is one."""

    kind: EvaluatorKind
    proxy: str | None = None

    @classmethod
    def parse(cls, text: str) -> EvaluatorChoice:
        """Read `training`, `proxy:naswot` and the like; raises `ValueError` naming what is."""
        kind, colon, proxy = text.partition(":")
        if kind == EvaluatorKind.PROXY and colon:
            return cls(EvaluatorKind.PROXY, find_or_raise_proxy(proxy).name)
        if kind in (EvaluatorKind.TRAINING, EvaluatorKind.WEIGHT_SHARING) and not colon:
            return cls(EvaluatorKind(kind))
        allowed = ", ".join(entry.written for entry in EVALUATORS.values())
        raise ValueError(f"no evaluator {shown(text)}; known: {allowed}")

    def check_options(self, options: Mapping[str, Any]) -> EvaluatorOptions:
        """Validate `options`; raises `ValueError` naming the option at fault."""
        options_type = EVALUATORS[self.kind].options_type
        return validated_options(options_type, options, f"evaluator {self.kind.value!r}")
