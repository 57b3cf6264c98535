"""What a trial printed and logged, as a file beside its checkpoint, and how it is read.

The worker that trains the trial writes; whoever serves the API reads. Both see the artefact
directory, as they do for weights: on a cluster it is a volume that all of them mount.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from nas.database.trials import find_or_raise_trial
from nas.layout import TRIAL_LOG_NAME, trial_directory
from nas.status import TrialStatus

SMALLEST_PART_BYTES = 1024
LOG_LOOK_SECONDS = 0.5
"""How long who follows a log waits where there is no more of it yet."""

PART_BYTES = 64 * 1024
"""How much of a log is read at once unless asked otherwise."""


class TrialLogView(BaseModel):
    """A part of a trial's log, and how the trial stands."""

    trial_id: str = Field(description="the trial")
    text: str = Field(description="whole lines while the trial runs; empty where there is no more")
    offset: int = Field(description="byte at which the text begins")
    next_offset: int = Field(description="pass as `offset` for what follows")
    status: TrialStatus
    error: str | None = Field(description="why the trial failed, is infeasible or was pruned")
    is_complete: bool = Field(description="whether nothing will ever follow")

    @classmethod
    def read(
        cls,
        session: Session,
        artifact_dir: Path,
        trial_id: str,
        *,
        offset: int = 0,
        limit: int = PART_BYTES,
    ) -> TrialLogView:
        """Read from a byte on; of a trial that another one answered, read the log of that.

        Raises:
            NotFoundError: There is no such trial.
        """
        trial = find_or_raise_trial(session, trial_id)
        trained = find_or_raise_trial(session, trial.cached_from or trial.id)
        directory = trial_directory(artifact_dir, trained.job_id, trained.id)
        # The status was read first: what ended before is whole in the file by now.
        content = _read(directory / TRIAL_LOG_NAME, offset, limit)
        is_last = trial.status.is_final and len(content) < limit
        used = len(content) if is_last else content.rfind(b"\n") + 1
        if not used and len(content) == limit:  # a line longer than a part
            used = _whole_characters(content)
        return cls(
            trial_id=trial.id,
            text=content[:used].decode(errors="replace"),
            offset=offset,
            next_offset=offset + used,
            status=trial.status,
            error=trial.error,
            is_complete=trial.status.is_final and not content,
        )


def log_parts(read: Callable[[int], TrialLogView], *, follow: bool) -> Iterator[TrialLogView]:
    """Yield a log part by part, each read from the byte that the one before names.

    With `follow`, go on until the trial has ended.
    """
    offset = 0
    while True:
        part = read(offset)
        yield part
        if part.is_complete or not (follow or part.text):
            return
        offset = part.next_offset
        if not part.text:
            time.sleep(LOG_LOOK_SECONDS)


def _whole_characters(content: bytes) -> int:
    """Return the length without a character of UTF-8 that is cut off at the end."""
    reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
    reader.decode(content)
    pending, _ = reader.getstate()
    return len(content) - len(pending)


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:  # it was refused before training, or no worker has it yet
        return b""
