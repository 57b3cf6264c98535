"""What a proposal's answers describe: an architecture, a recipe, and what is known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from nas.appraisal import Appraisal, Appraiser, appraise
from nas.database.trials import TrialRow
from nas.evaluation import evaluation_key, training_key
from nas.hyperparameters import recipe_of
from nas.ids import new_id
from nas.job import JobSpec
from nas.metrics import METRICS, Source
from nas.problem import SearchProblem
from nas.recipe import Recipe
from nas.status import TrialStatus
from search_spaces import Architecture, Choice, Choices

Identity = tuple[str, str]
"""A candidate's architecture hash and evaluation key, which no two trials of a job share."""


@dataclass(frozen=True, slots=True)
class Training:
    """How a candidate is trained: the recipe, its JSON form, and the keys in the database."""

    recipe: Recipe
    recipe_json: dict[str, Any]
    evaluation_key: str
    training_key: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What proposal `number` describes."""

    number: int
    architecture: Architecture
    training: Training
    identity: Identity


@dataclass(frozen=True, slots=True)
class AppraisedCandidate:
    """A candidate that is new in its job, and what is known of it before it is trained."""

    candidate: Candidate
    appraisal: Appraisal

    @property
    def is_refused(self) -> bool:
        """Whether it is not to be trained."""
        return self.appraisal.refusal is not None


class Candidates:
    """Turns a job's proposals into candidates, and appraises them."""

    def __init__(
        self,
        spec: JobSpec,
        problem: SearchProblem,
        data_fingerprint: str,
        appraisers: Sequence[Appraiser],
    ) -> None:
        _require_appraisers(spec, appraisers)
        self.budget = spec.epochs if spec.trains else 0
        self._spec = spec
        self._problem = problem
        self._data_fingerprint = data_fingerprint
        self._appraisers = appraisers
        self._constraints = spec.parsed_constraints
        self._searched = tuple(decision.name for decision in problem.hyperparameters)
        # Most jobs search no hyper-parameter: then all their trials share one recipe.
        self._training = lru_cache(maxsize=1024)(self._training_anew)

    def describe(self, number: int, choices: Choices) -> Candidate:
        """Return what the answers of a proposal come to."""
        architecture = self._problem.architecture(choices)
        training = self._training(*(choices.get(name) for name in self._searched))
        identity = self._problem.key(architecture), training.evaluation_key
        return Candidate(number, architecture, training, identity)

    def appraise(self, candidate: Candidate) -> AppraisedCandidate:
        """Find out what is known before training."""
        appraisal = appraise(
            self._problem, candidate.architecture, self._appraisers, self._constraints
        )
        return AppraisedCandidate(candidate, appraisal)

    def new_trial(
        self, found: AppraisedCandidate, job_id: str, number: int, now: datetime
    ) -> TrialRow:
        """Return a candidate as the trial that is to evaluate it."""
        candidate, appraisal = found.candidate, found.appraisal
        architecture_hash, key = candidate.identity
        return TrialRow(
            id=new_id(),
            job_id=job_id,
            number=number,
            status=TrialStatus.PENDING,
            architecture_json=candidate.architecture.model_dump(mode="json"),
            architecture_hash=architecture_hash,
            evaluation_key=key,
            training_key=candidate.training.training_key,
            recipe_json=candidate.training.recipe_json,
            seed=self._spec.seed,
            budget=self.budget,
            epochs_done=0,
            rungs=[],
            params=appraisal.params,
            macs=appraisal.macs,
            figures_json=dict(appraisal.figures) or None,
            conditions_json=dict(appraisal.conditions) or None,
            is_feasible=not found.is_refused,
            started_at=now,
        )

    def _training_anew(self, *answers: Choice | None) -> Training:
        answered = zip(self._searched, answers, strict=True)
        chosen = {name: answer for name, answer in answered if answer is not None}
        recipe = recipe_of(self._spec.recipe, chosen)
        keys = (
            key(self._data_fingerprint, recipe, epochs=self.budget, seed=self._spec.seed)
            for key in (evaluation_key, training_key)
        )
        return Training(recipe, recipe.model_dump(mode="json"), *keys)


def _require_appraisers(spec: JobSpec, appraisers: Sequence[Appraiser]) -> None:
    """Check that each figure that the job needs before training is found out by someone."""
    known = {name for appraiser in appraisers for name in appraiser.names}
    missing = sorted(
        name
        for name in spec.needed_metrics
        if METRICS[name].source is Source.APPRAISAL and name not in known
    )
    if missing:
        raise ValueError(f"appraisers: none for {', '.join(missing)}")
