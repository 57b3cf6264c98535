"""Finished files of jobs: where they are kept, by content, and what may be removed of them."""

from nas.artifacts.keeping import (
    WeightsOwner,
    fetch_artifact,
    fetch_weights,
    local_artifact,
    record_artifact,
)
from nas.artifacts.policy import Collected, collect
from nas.artifacts.store import ArtifactStore, StoredFile, open_store
from nas.artifacts.sweeping import discard, sweep

__all__ = [
    "ArtifactStore",
    "Collected",
    "StoredFile",
    "WeightsOwner",
    "collect",
    "discard",
    "fetch_artifact",
    "fetch_weights",
    "local_artifact",
    "open_store",
    "record_artifact",
    "sweep",
]
