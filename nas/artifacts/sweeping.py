"""Removing from the store what no row refers to."""

from __future__ import annotations

from datetime import timedelta

from nas.artifacts.store import ArtifactStore, StoredFile
from nas.database import Database
from nas.database.artifacts import is_referenced, list_referenced, lock_artifacts
from nas.ids import utc_now

_UNFINISHED_FOR = timedelta(days=1)
"""An upload that has taken longer is one whose writer is gone."""


def sweep(database: Database, store: ArtifactStore) -> list[StoredFile]:
    """Remove every content without a row, and return what went.

    It may go on while jobs run: see `nas.artifacts.keeping`.
    """
    store.drop_unfinished(utc_now() - _UNFINISHED_FOR)
    return [each for each in unreferenced(database, store) if discard(database, store, each.sha256)]


def unreferenced(database: Database, store: ArtifactStore) -> list[StoredFile]:
    """Return what `sweep` would remove now."""
    stored = list(store.list_objects())
    with database.read() as session:
        referenced = list_referenced(session)
    return [each for each in stored if each.sha256 not in referenced]


def discard(database: Database, store: ArtifactStore, sha256: str) -> bool:
    """Remove a content if no row refers to it any more; returns whether it went."""
    with database.write() as session:  # for its lock: a row may come meanwhile
        lock_artifacts(session)
        if is_referenced(session, sha256):
            return False
        store.delete(sha256)
    return True
