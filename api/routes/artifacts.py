"""Files that jobs produced."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, Response, StreamingResponse

from api.dependencies import DatabaseDep, SettingsDep
from api.parameters import ArtifactId
from api.problems import possible
from api.reads import is_known
from nas.artifacts import local_artifact, open_store
from nas.database.artifacts import find_or_raise_artifact
from nas.errors import NotFoundError

router = APIRouter(prefix="/artifacts", tags=["artifacts"])
_CHUNK_BYTES = 256 * 1024


@router.get(
    "/{artifact_id}",
    response_class=FileResponse,
    responses=possible(404)
    | {200: {"description": "The file, of whatever type it is", "content": {"*/*": {}}}},
)
def download(
    artifact_id: ArtifactId,
    database: DatabaseDep,
    settings: SettingsDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Download a file; its entity tag is the SHA-256 of its content."""
    with database.read() as session:
        artifact = find_or_raise_artifact(session, artifact_id)
    headers = {"ETag": f'"{artifact.sha256}"'}
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    name = artifact.path.rsplit("/", 1)[-1]
    store = open_store(settings)
    path = local_artifact(store, settings.artifact_dir, artifact)
    if path is not None:
        return FileResponse(path, filename=name, headers=headers)
    try:
        content = store.open(artifact.sha256)
    except NotFoundError:
        raise NotFoundError(f"the file of artefact {artifact_id!r} is gone") from None
    headers |= {
        "Content-Length": str(artifact.size_bytes),
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StreamingResponse(_chunks(content), media_type=media_type, headers=headers)


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while chunk := content.read(_CHUNK_BYTES):
            yield chunk
