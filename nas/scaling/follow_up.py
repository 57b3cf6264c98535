"""Follow-up jobs: made of a finished job's winner or of a trial, and shown with what they found."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy.orm import Session

from nas.database import open_database
from nas.database.jobs import JobRow, find_or_raise_job
from nas.database.targets import find_or_raise_job_or_trial
from nas.database.trials import TrialRow, find_best_trial, list_trials
from nas.errors import ConflictError
from nas.job import JobSpec, parse_job_spec
from nas.recipe import Recipe
from nas.scaling.coefficients import PAPER
from nas.scaling.family import Family, distinct, family_of, grid_members, member_of
from nas.scaling.network import BaseNetwork
from nas.scaling.request import Scaling, ScalingRequest
from nas.scaling.rounds import base_network, best_coefficients
from nas.scaling.view import ScalingView, Trained
from nas.settings import Settings
from nas.status import TrialStatus


class FollowUpRequest(ScalingRequest):
    """What a follow-up job trains, and how; the rest is as in the job that it follows."""

    name: str = Field("", max_length=200, description="a label for people")
    epochs: int | None = Field(
        None, ge=1, le=10_000, description="of each network; null: as in the job that it follows"
    )
    final_epochs: int | None = Field(
        None, ge=1, le=10_000, description="of the winner's retraining; null: as in that job"
    )


def follow_up_spec(session: Session, target_id: str, request: FollowUpRequest) -> JobSpec:
    """Return the job that scales a job's winner, or one trial, as asked for.

    Raises:
        NotFoundError: Neither a job nor a trial has this id.
        ConflictError: There is nothing trained to scale yet.
        UnscalableSpaceError: The architecture's space does not say how.
    """
    job, trial = find_source(session, target_id)
    before = job.spec
    wanted = {name: getattr(request, name) for name in ScalingRequest.model_fields}
    scaling = Scaling(
        **wanted, architecture=trial.architecture_json, job_id=job.id, trial_id=trial.id
    )
    base = base_network(before, scaling)
    base.scaled(base.identity)
    recipe = Recipe.model_validate(trial.recipe_json)
    if request.epochs not in (None, before.epochs):
        recipe = recipe.model_copy(update={"schedule_epochs": None})
    return parse_job_spec(
        {
            "name": request.name or f"{job.name}, scaled"[:200],
            "space": base.architecture.space,
            "sampler": "grid",
            "dataset": before.dataset,
            "trials": _most_trials(base, request),
            "epochs": request.epochs or before.epochs,
            "final_epochs": request.final_epochs or before.final_epochs,
            "seed": before.seed,
            "recipe": recipe.model_dump(mode="json"),
            "resources": before.resources.model_dump(mode="json"),
            "scaling": scaling.model_dump(mode="json"),
        }
    )


def find_source(session: Session, target_id: str) -> tuple[JobRow, TrialRow]:
    """Return a job and its winner, or a trial and its job.

    Raises:
        NotFoundError: Neither a job nor a trial has this id.
        ConflictError: The job is still active, or nothing was completed.
    """
    found = find_or_raise_job_or_trial(session, target_id)
    if isinstance(found, TrialRow):
        if found.status is not TrialStatus.COMPLETED:
            raise ConflictError(f"trial {found.id} is {found.status}; allowed: a completed one")
        return find_or_raise_job(session, found.job_id), found
    if found.status.is_active:
        raise ConflictError(
            f"job {found.id} is {found.status} and its winner may change; wait for its end, or "
            "scale one of its trials"
        )
    best = find_best_trial(session, found.id)
    if best is None:
        raise ConflictError(f"job {found.id} is {found.status} and has no completed trial to scale")
    return found, best


def _most_trials(base: BaseNetwork, request: ScalingRequest) -> int:
    """Count what is trained at most: members may be equal once rounded."""
    trials = len(distinct(base, request.grid)) if request.searches_coefficients else 0
    if request.names_members:
        members = len(request.phis) + len(request.multipliers) + len(request.targets)
        trials += 1 + members * (4 if request.compare else 1)
        trials -= 1.0 in request.phis and request.searches_coefficients  # the grid's best
    return trials


def require_follow_up(job: JobRow) -> Scaling:
    """Return what a job was asked to scale; raises `ConflictError` if it is no follow-up."""
    scaling = job.stored_spec.scaling
    if scaling is None:
        raise ConflictError(f"job {job.id} scales nothing; `POST /jobs/{job.id}/scale` makes one")
    return scaling


def follow_up_view(session: Session, job: JobRow) -> ScalingView:
    """Show a follow-up's networks with what their trials came to so far; needs torch.

    Raises:
        ConflictError: The job is no follow-up.
    """
    spec = job.spec
    scaling = require_follow_up(job)
    base = base_network(spec, scaling)
    coefficients = scaling.coefficients
    grid = None
    if scaling.searches_coefficients:
        grid = grid_members(base, scaling.grid)
        coefficients = best_coefficients(session, job.id, grid)
    if coefficients is None and scaling.searches_coefficients:
        family = Family(member_of(base, base.identity, phi=0), (), (), {})
    else:
        family = family_of(base, scaling, coefficients or PAPER)
    trained = {
        trial.architecture_hash: Trained(
            trial_id=trial.id, status=trial.status.value, accuracy=trial.accuracy
        )
        for trial in list_trials(session, job.id)
    }
    return ScalingView.of(job.name, base, coefficients, family, grid=grid, trained=trained)


def follow_up_from_settings(settings: Settings, job_id: str) -> ScalingView:
    """Show a follow-up, in a process of its own."""
    database = open_database(settings.database_url)
    try:
        with database.read() as session:
            return follow_up_view(session, find_or_raise_job(session, job_id))
    finally:
        database.close()
