"""A search job as its user states it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nas.baselines import find_or_raise_baseline
from nas.constraint import Constraint
from nas.datasets import find_or_raise_dataset
from nas.errors import InvalidInputError
from nas.evaluator_fit import check_evaluator
from nas.evaluators import EvaluatorChoice, EvaluatorKind, EvaluatorOptions, WeightSharingOptions
from nas.final import MOST_SEEDS
from nas.hyperparameters import HyperparametersRequest, decisions_of
from nas.latency import LatencyOptions
from nas.objective import Objective
from nas.objective_request import ObjectiveRequest, objective_of
from nas.problem import SearchProblem
from nas.proxies import ProxyScores
from nas.recipe import Recipe
from nas.request_names import AS_STORED, Label, is_stored, known, known_and_different
from nas.resources import Resources
from nas.samplers import find_or_raise_sampler
from nas.scaling.request import Scaling
from nas.scaling.space import unscaled_space
from nas.schedulers import Scheduler, SchedulerRequest
from nas.screening import SCORE, Screening, ScreenRequest
from nas.starts import choices_of, options_that_hold
from search_spaces import Choice, create_space, find_or_raise_space
from search_spaces.case_studies import find_or_raise_case_study
from search_spaces.errors import first_problem
from search_spaces.registry import AnySpace

__all__ = ["JobSpec", "Resources", "parse_job_spec", "read_stored_spec"]


def _readable_constraint(text: str) -> str:
    return str(Constraint.parse(text))


class JobSpec(BaseModel):
    """One request: search this space with this sampler on this data set, so many trials."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"space": "cell", "sampler": "model", "dataset": "digits", "trials": 20},
                {
                    "name": "small and good",
                    "space": "stages",
                    "sampler": "nsga2",
                    "dataset": "digits",
                    "trials": 50,
                    "epochs": 8,
                    "objective": ["accuracy", "params"],
                    "constraints": ["params<=1e6"],
                    "seed": 1,
                },
            ]
        },
    )

    name: Label = Field("", max_length=200, description="a label for people", examples=["digits"])
    space: Annotated[str, known(find_or_raise_space)] = Field(
        description="search space", examples=["cell"]
    )
    space_options: dict[str, Any] = Field(
        default_factory=dict, description="options of the space", examples=[{"filters": 16}]
    )
    sampler: Annotated[str, known(find_or_raise_sampler)] = Field(
        description="what proposes architectures", examples=["rl"]
    )
    sampler_options: dict[str, Any] = Field(
        default_factory=dict, description="options of the sampler", examples=[{"ppo_clip": 0.2}]
    )
    dataset: Annotated[str, known(find_or_raise_dataset)] = Field(
        description="data set: a name, or KIND:LOCATION?OPTION=VALUE&... as GET /dataset-sources "
        "lists them, where relative paths, and all paths given over REST, are below NAS_DATA_DIR",
        examples=["digits", "folder:flowers?size=64"],
    )
    trials: int = Field(20, ge=1, le=1_000_000, description="architectures to evaluate")
    epochs: int = Field(5, ge=1, le=10_000, description="epochs each candidate is trained for")
    final_epochs: int = Field(
        60, ge=1, le=10_000, description="epochs the winner is retrained for before its test"
    )
    final_seeds: int = Field(
        1,
        ge=1,
        le=MOST_SEEDS,
        description="seeds the winner is retrained and tested with, from `seed` on: their mean and "
        "standard deviation are shown, the first one's weights are kept",
    )
    evaluator: Annotated[str, known(EvaluatorChoice.parse)] = Field(
        "training",
        description="what evaluates candidates: training; proxy:NAME, which trains the winner "
        "alone; or weight-sharing, which trains those that a supernet ranks highest",
        examples=["proxy:naswot"],
    )
    evaluator_options: dict[str, Any] = Field(
        default_factory=dict, description="options of the evaluator", examples=[{"candidates": 200}]
    )
    screen: ScreenRequest | None = Field(
        None,
        description="lets several proposals compete for each trial, scored untrained by a proxy",
        examples=[{"proxy": "synflow", "candidates": 4}],
    )
    objective: ObjectiveRequest = Field(
        "accuracy",
        description="what the search improves: a metric, an expression such as "
        "accuracy*(params/1e5)^-0.07, the same as an object, or several metrics",
        examples=["accuracy", ["accuracy", "params"]],
    )
    constraints: tuple[Annotated[str, AfterValidator(_readable_constraint)], ...] = Field(
        (),
        max_length=16,
        description="bounds, kept before training where the metric is known by then; a trial "
        "that breaks another is neither the best nor on the front",
        examples=[["params<=1e6"]],
    )
    latency: LatencyOptions = Field(
        default_factory=LatencyOptions, description="how latencies are come by, where named"
    )
    start_from: tuple[Annotated[str, known(find_or_raise_case_study)], ...] = Field(
        (),
        max_length=64,
        description="case studies evaluated first; with any, the space has its default options, "
        "which hold them, and not those suggested for the data set's images",
        examples=[["resnet-18"]],
    )
    baselines: Annotated[tuple[str, ...], known_and_different(find_or_raise_baseline)] = Field(
        (),
        max_length=64,
        description="classifiers without a search to compare with",
        examples=[["linear", "hog"]],
    )
    scheduler: SchedulerRequest | None = Field(
        None,
        description="what stops trials that are not worth their epochs: a name, or one with its "
        "options; null: every trial is trained in full",
        examples=[{"name": "asha", "reduction_factor": 3}],
    )
    seed: int = Field(0, ge=0, lt=2**31, description="seed of proposals and training")
    recipe: Recipe = Field(default_factory=Recipe, description="how candidates are trained")
    hyperparameters: HyperparametersRequest = Field(
        default_factory=dict,
        description="fields of the recipe that are searched with the architecture: values, or a "
        "range of them",
        examples=[{"learning_rate": {"low": 0.01, "high": 0.3, "log": True, "steps": 8}}],
    )
    resources: Resources = Field(default_factory=Resources, description="what each trial gets")
    scaling: Scaling | None = Field(
        None,
        description="makes the job a follow-up, which trains scaled versions of an architecture "
        "that another job found; see POST /jobs/{id}/scale",
    )

    @field_validator("space_options")
    @classmethod
    def _options_fit_space(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "space" in info.data and not is_stored(info):
            create_space(info.data["space"], value)
        return value

    @field_validator("sampler_options")
    @classmethod
    def _options_fit_sampler(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "sampler" in info.data and not is_stored(info):
            find_or_raise_sampler(info.data["sampler"]).check_options(value)
        return value

    @field_validator("evaluator_options")
    @classmethod
    def _options_fit_evaluator(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "evaluator" in info.data and not is_stored(info):
            EvaluatorChoice.parse(info.data["evaluator"]).check_options(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _proxy_is_the_objective(cls, data: Any) -> Any:
        """A search without training improves the proxy's score unless told otherwise."""
        if isinstance(data, dict) and str(data.get("evaluator", "")).startswith("proxy:"):
            return {"objective": SCORE, **data}
        return data

    @model_validator(mode="after")
    def _evaluator_suits_the_rest(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            check_evaluator(self)
        return self

    @model_validator(mode="after")
    def _rate_decays_over_all_epochs(self, info: ValidationInfo) -> Self:
        horizon = self.recipe.horizon(self.epochs)
        if horizon < self.epochs and not is_stored(info):
            raise ValueError(
                f"recipe.schedule_epochs: got {horizon}, allowed: at least the {self.epochs} "
                "epochs of each trial"
            )
        return self

    @field_validator("scheduler")
    @classmethod
    def _scheduler_fits(
        cls, value: SchedulerRequest | None, info: ValidationInfo
    ) -> SchedulerRequest | None:
        if value is None or is_stored(info) or not {"epochs", "objective"} <= info.data.keys():
            return value
        value.check(info.data["epochs"])
        count = objective_of(info.data["objective"]).count
        if count > 1:  # one figure would decide which part of the front is never reached
            raise ValueError(f"got {value.name!r} with {count} objectives, allowed: one objective")
        return value

    @model_validator(mode="after")
    def _signal_compares_trials(self, info: ValidationInfo) -> Self:
        if self.scheduler is not None and not is_stored(info):
            self.scheduler.check_signal(self.parsed_objective.metrics, self.hyperparameters)
        return self

    @model_validator(mode="after")
    def _options_and_starts_fit(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            self.starting_choices(self.new_space())
        return self

    def new_space(self) -> AnySpace:
        """Set up the space: as suggested for the data set's images, or to hold the starts.

        That of a follow-up is its base network alone; `nas.scaling.rounds` says what it trains.
        """
        if self.scaling is not None:
            return unscaled_space(self.scaling, find_or_raise_dataset(self.dataset).info)
        if not self.start_from:
            input_shape = find_or_raise_dataset(self.dataset).info.input_shape
            return create_space(self.space, self.space_options, input_shape)
        holding = options_that_hold(self.start_from)
        return create_space(self.space, {**holding, **self.space_options})

    def new_problem(self, proxy_scores: ProxyScores | None = None) -> SearchProblem:
        """Put the space and the data set's images together, and what scores architectures."""
        info = find_or_raise_dataset(self.dataset).info
        count = self.parsed_objective.count
        return SearchProblem(
            self.new_space(),
            info.input_shape,
            info.num_classes,
            num_objectives=count,
            proxy_scores=proxy_scores,
            hyperparameters=decisions_of(self.hyperparameters),
        )

    def new_scheduler(self) -> Scheduler | None:
        """Make the scheduler that the job names, if it names one."""
        return None if self.scheduler is None else self.scheduler.create(self.epochs, self.seed)

    def starting_choices(self, space: AnySpace) -> list[dict[str, Choice]]:
        """Return the starts as answers to the space's decisions.

        Raises:
            ValueError: A case study is not a point of the space.
        """
        return [choices_of(name, space) for name in self.start_from]

    @property
    def parsed_objective(self) -> Objective:
        """The objective as a value."""
        return objective_of(self.objective)

    @property
    def parsed_evaluator(self) -> EvaluatorChoice:
        """The evaluator as a value."""
        return EvaluatorChoice.parse(self.evaluator)

    @property
    def parsed_evaluator_options(self) -> EvaluatorOptions:
        """The evaluator's options as values."""
        return self.parsed_evaluator.check_options(self.evaluator_options)

    @property
    def trains(self) -> bool:
        """Whether candidates are trained, and not the winner alone."""
        return self.parsed_evaluator.kind is not EvaluatorKind.PROXY

    @property
    def screening(self) -> Screening | None:
        """How candidates compete before training, if they do."""
        if self.screen is not None:
            return Screening(self.screen.candidates)
        options = self.parsed_evaluator_options
        if isinstance(options, WeightSharingOptions):
            practised = options.epochs * options.steps_per_epoch
            return Screening(options.candidates, once=True, practised=practised)
        return None

    @property
    def needed_metrics(self) -> frozenset[str]:
        """The metrics that the objective, the constraints and a screening name."""
        bounded = (constraint.metric for constraint in self.parsed_constraints)
        compared = () if self.screening is None else (SCORE,)
        return frozenset((*self.parsed_objective.metrics, *bounded, *compared))

    @property
    def parsed_constraints(self) -> tuple[Constraint, ...]:
        """The constraints as values."""
        return tuple(Constraint.parse(text) for text in self.constraints)


def parse_job_spec(data: Mapping[str, Any]) -> JobSpec:
    """Validate a request; raises `InvalidInputError` naming the first field at fault."""
    try:
        return JobSpec.model_validate(dict(data))
    except ValidationError as error:
        raise InvalidInputError(first_problem(error)) from error


def read_stored_spec(data: Mapping[str, Any]) -> JobSpec:
    """Read a request that was accepted once, to show it.

    Its names are not looked up: a job must be seen when the package of its space, or of one of its
    operations, is broken or gone. It cannot be run then, which `parse_job_spec` would say.
    """
    return JobSpec.model_validate(dict(data), context=AS_STORED)
