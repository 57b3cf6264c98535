"""What the two clients share: the connection's settings, and what answers mean."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import SecretStr

from nas.errors import (
    AccessDeniedError,
    ConflictError,
    DatabaseUnavailableError,
    InvalidInputError,
    NasError,
    NotFoundError,
    QuotaExceededError,
    ServerUnavailableError,
)
from nas.settings import load_settings

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 60
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_ERRORS: dict[int, type[NasError]] = {
    400: InvalidInputError,
    401: AccessDeniedError,
    403: AccessDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidInputError,
    415: InvalidInputError,
    422: InvalidInputError,
    429: QuotaExceededError,
    503: DatabaseUnavailableError,
}


def connection_settings(url: str | None, api_key: str | None) -> dict[str, Any]:
    """Return what an httpx client is made with; what is not given comes from the environment.

    Raises:
        InvalidInputError: There is no URL, or it is none.
    """
    settings = load_settings(api_url=url, api_key=None if api_key is None else SecretStr(api_key))
    if settings.api_url is None:
        raise InvalidInputError("url: allowed: http://HOST:PORT of the service, or set NAS_API_URL")
    headers = {"Accept": "application/json"}
    if settings.api_key is not None:
        headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
    return {"base_url": f"{settings.api_url}/api/v1", "headers": headers, "timeout": _TIMEOUT}


def seconds_to_wait(response: httpx.Response) -> float | None:
    """Return after how long a key that has asked too often may ask again; None for all else."""
    after = response.headers.get("Retry-After", "")
    if response.status_code != 429 or not after.isdecimal():
        return None
    return float(after) if int(after) <= _LONGEST_WAIT_SECONDS else None


def raise_for_problem(response: httpx.Response) -> None:
    """Raise what a problem document says, as the error that the service itself raised."""
    if response.is_success:
        return
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"{response.request.url} answered {response.status_code}"
        raise ServerUnavailableError(f"no answer of this service: {detail}") from None
    raise _ERRORS.get(response.status_code, NasError)(detail)


def unreachable(url: httpx.URL, error: httpx.TransportError) -> ServerUnavailableError:
    """Say that a service cannot be reached."""
    reason = str(error) or type(error).__name__
    return ServerUnavailableError(f"service {url.scheme}://{url.netloc.decode()}: {reason}")
