"""Path parameters that several resources share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator

from nas.errors import NotFoundError
from nas.ids import is_id

_EXAMPLE = "01a212cd-a249-7e41-82a6-406a4a91f922"


def _that_may_exist(text: str) -> str:
    """Let nothing reach the database that is no id."""
    if not is_id(text):
        raise NotFoundError(f"nothing has the id {text[:80]!r}")
    return text


def _id(what: str) -> object:
    return Path(description=f"id of the {what}", examples=[_EXAMPLE])


JobId = Annotated[str, _id("job"), AfterValidator(_that_may_exist)]
TrialId = Annotated[str, _id("trial"), AfterValidator(_that_may_exist)]
ArtifactId = Annotated[str, _id("artefact"), AfterValidator(_that_may_exist)]
KeyId = Annotated[str, _id("key"), AfterValidator(_that_may_exist)]
Name = Annotated[str, Path(max_length=200, description="as the listing has it")]
