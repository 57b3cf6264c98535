"""The errors a user can cause or meet; one handler maps them to exit codes, one to HTTP."""

from __future__ import annotations

from nas.shortage import MemoryShortage


class NasError(Exception):
    """Base of our errors; the message is one line fit for a user."""


class InvalidInputError(NasError):
    """Raised when something given is not allowed: names the field, the value and what is."""


class NotFoundError(NasError):
    """Raised when no job, trial or artefact has the given id."""


class ConflictError(NasError):
    """Raised when the thing exists but is in a state that forbids what was asked."""


class JobTakenError(ConflictError):
    """Raised when a runner's job is in other hands."""


class QuotaExceededError(NasError):
    """Raised when a key has used up what it may: names the limit, what is used and what is left."""


class DatasetGoneError(ConflictError):
    """Raised when images are gone, or changed, that a stored job was made for."""


class DatabaseUnavailableError(NasError):
    """Raised when the database cannot be reached, opened, or is of another version."""


class AccessDeniedError(NasError):
    """Raised by the client when the service wants another key, or the key may not do this."""


class ServerUnavailableError(NasError):
    """Raised by the client when the service cannot be reached, or does not answer as it should."""


class ClusterUnavailableError(NasError):
    """Raised when the Ray cluster cannot be joined."""


class ClusterLostError(ClusterUnavailableError):
    """Raised when the Ray cluster was joined and is gone."""


class ClusterTooSmallError(InvalidInputError):
    """Raised when no node of the cluster has what a trial is to get."""


class TrialFailedError(NasError):
    """Raised by an evaluator when a trial cannot go on; the message is the reason shown."""


class TrialInfeasibleError(NasError):
    """Raised by an evaluator when a candidate cannot be evaluated here at all (out of memory)."""

    def __init__(self, reason: str, shortage: MemoryShortage | None = None) -> None:
        super().__init__(reason)
        self.shortage = shortage
