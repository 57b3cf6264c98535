"""Configuration from `NAS_*` environment variables; nothing else reads the environment."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nas.errors import InvalidInputError
from nas.logs import LogFormat
from search_spaces.errors import first_problem

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):(?P<port>\d{1,5})")


class AuthMode(StrEnum):
    """Whether the service asks for API keys."""

    AUTO = "auto"
    """Where it listens beyond its own machine."""

    KEYS = "keys"
    OFF = "off"


class Settings(BaseSettings):
    """Where things are kept and what is connected to."""

    model_config = SettingsConfigDict(env_prefix="NAS_", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("nas"),
        description="directory of the embedded database and, by default, the artefacts",
    )
    database_url: str = Field("", description="SQLAlchemy URL; SQLite in `data_dir` if empty")
    artifact_dir: Path = Field(
        Path(), description="directory that all nodes see: work under way, logs, exports"
    )
    artifact_url: str = Field(
        "", description="fsspec URL of finished files; `objects` in `artifact_dir` if empty"
    )
    ray_address: str | None = Field(
        None, description="Ray cluster to join: HOST:PORT of its head, or auto; start one if unset"
    )
    api_url: str | None = Field(
        None, description="service that the client and the command line ask; unset: none"
    )
    api_key: SecretStr | None = Field(None, description="key that the client shows the service")
    lease_seconds: float = Field(
        30.0, gt=0, le=86_400, description="a runner silent for this long loses its job to another"
    )
    database_patience_seconds: float = Field(
        300.0, ge=0, le=86_400, description="how long a job waits for a database that is gone"
    )
    ray_patience_seconds: float = Field(
        300.0, ge=0, le=86_400, description="how long a job waits for a Ray cluster that is lost"
    )
    checkpoints_per_job: int = Field(
        20,
        ge=0,
        description="checkpoints kept of ended trials for longer trainings to go on from",
    )
    auth: AuthMode = Field(
        AuthMode.AUTO, description="who may use the API: auto, keys or off; see `nas serve --help`"
    )
    cors_origins: tuple[str, ...] = Field(
        (),
        description="other sites whose pages may use the API, as a JSON list of https://HOST",
    )
    log_format: LogFormat = Field(
        LogFormat.TEXT, description="of the log on standard error: text or json"
    )

    @model_validator(mode="before")
    @classmethod
    def _derive_defaults(cls, values: dict[str, object]) -> dict[str, object]:
        data_dir = Path(str(values.get("data_dir") or user_data_path("nas"))).expanduser().resolve()
        derived: dict[str, object] = {**values, "data_dir": data_dir}
        derived["database_url"] = values.get("database_url") or f"sqlite:///{data_dir / 'nas.db'}"
        artifact_dir = Path(str(values.get("artifact_dir") or data_dir / "artifacts"))
        derived["artifact_dir"] = artifact_dir = artifact_dir.expanduser().resolve()
        derived["artifact_url"] = values.get("artifact_url") or f"file://{artifact_dir / 'objects'}"
        return derived

    @field_validator("api_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        """Refuse what is no web address; an empty one counts as unset."""
        if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
            raise ValueError(f"got {value!r}, allowed: http://HOST:PORT or https://HOST")
        return value.rstrip("/") if value else None

    @field_validator("ray_address")
    @classmethod
    def _joinable(cls, value: str | None) -> str | None:
        """Refuse what no runner can join; an empty address counts as unset."""
        if not value or value == "auto":
            return value or None
        if value.startswith("ray://"):
            raise ValueError(
                f"got {value!r}: a Ray Client would run the search on the head, away from its "
                "database; allowed: HOST:PORT of the head, or auto, on a machine that "
                "`ray start --address` has made a node of the cluster"
            )
        match = _HOST_AND_PORT.fullmatch(value)
        if match is None or not 0 < int(match["port"]) < 2**16:
            raise ValueError(f"got {value!r}, allowed: HOST:PORT of the cluster's head, or auto")
        return value


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` that are not None win over the environment.

    Raises:
        InvalidInputError: A variable has a value of the wrong form.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        field, _, problem = first_problem(error).partition(":")
        raise InvalidInputError(f"settings: NAS_{field.upper()}:{problem}") from error
