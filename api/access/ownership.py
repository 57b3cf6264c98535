"""What of the jobs a caller may see and change; the one place that decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy.orm import Session

from api.access.policy import SAFE_METHODS
from api.dependencies import DatabaseDep
from nas.access import OPEN, Principal, Role
from nas.database.artifacts import find_or_raise_artifact
from nas.database.jobs import find_or_raise_job
from nas.database.trials import find_or_raise_trial
from nas.errors import NotFoundError

# By the name of the path's parameter: the word for what it names, and how its job is found.
_KINDS: Mapping[str, tuple[str, Callable[[Session, str], str]]] = {
    "job_id": ("job", lambda _, job_id: job_id),
    "trial_id": ("trial", lambda session, each: find_or_raise_trial(session, each).job_id),
    "artifact_id": (
        "artefact",
        lambda session, each: find_or_raise_artifact(session, each).job_id,
    ),
}


def principal_of(request: Request) -> Principal:
    """Return who asks."""
    principal: Principal = getattr(request.state, "principal", OPEN)
    return principal


PrincipalDep = Annotated[Principal, Depends(principal_of)]


def require_access(request: Request, principal: PrincipalDep, database: DatabaseDep) -> None:
    """Refuse a change by a viewer; another's job is as if it were not there.

    Raises:
        HTTPException: 403, the role only looks.
        NotFoundError: The job, trial or artefact of the path is none of the caller's.
    """
    if request.method not in SAFE_METHODS and not principal.may_write:
        raise HTTPException(403, f"role {principal.role}: this key may look and change nothing")
    if principal.sees_owner is None:
        return
    with database.read() as session:
        for name, value in request.path_params.items():
            require_visible(session, principal, name, value)


def require_visible(session: Session, principal: Principal, name: str, value: str) -> None:
    """Refuse the id of another's job, trial or artefact, in the words for one that is not there.

    Raises:
        NotFoundError: It is not there, or none of the caller's.
    """
    if name not in _KINDS:
        return
    word, job_id_of = _KINDS[name]
    job = find_or_raise_job(session, job_id_of(session, value))
    if not principal.may_see(job.owner_key_id):
        raise NotFoundError(f"no {word} {value!r}")


def require_admin(principal: PrincipalDep) -> None:
    """Refuse everyone else; raises `HTTPException` 403."""
    if principal.role is not Role.ADMIN:
        raise HTTPException(403, f"role {principal.role}: only role admin may do this")
