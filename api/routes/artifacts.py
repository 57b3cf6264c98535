"""Files that jobs produced."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.dependencies import DatabaseDep, SettingsDep
from nas.database.artifacts import find_or_raise_artifact
from nas.errors import NotFoundError

router = APIRouter(prefix="/artifacts", tags=["artifacts"])


@router.get("/{artifact_id}", response_class=FileResponse)
def download(artifact_id: str, database: DatabaseDep, settings: SettingsDep) -> FileResponse:
    """Download a file."""
    with database.read() as session:
        path = settings.artifact_dir / find_or_raise_artifact(session, artifact_id).path
    if not path.resolve().is_relative_to(settings.artifact_dir) or not path.is_file():
        raise NotFoundError(f"the file of artefact {artifact_id!r} is gone")
    return FileResponse(path, filename=path.name)
