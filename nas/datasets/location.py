"""Data sets named by where they lie: `KIND:LOCATION?OPTION=VALUE&...`, as `folder:flowers?size=64`.

A relative path is below the data directory (`NAS_DATA_DIR`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nas.errors import InvalidInputError
from nas.settings import load_settings
from search_spaces.errors import first_problem


class SplitOptions(BaseModel):
    """How images are split where the data set does not say; by class, and always alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: float = Field(0.2, gt=0, lt=0.5, description="share kept for validation")
    test: float = Field(0.2, gt=0, lt=0.5, description="share kept for the test")
    seed: int = Field(0, ge=0, lt=2**31, description="seed of the split")
    mirrors: bool = Field(True, description="whether a mirrored image keeps its class")


class ImageOptions(SplitOptions):
    """How image files are read."""

    size: str | None = Field(
        None,
        pattern=r"^\d{1,4}(x\d{1,4})?$",
        description="height and width that images are resized to, as 64 or 48x64; "
        "needed where they differ",
    )
    channels: Literal["1", "3"] | None = Field(
        None, description="1 grey, 3 colour; unset: as the first image has it"
    )
    unreadable: float = Field(
        0.01, ge=0, lt=1, description="share of images that may be unreadable, and are left out"
    )
    stream: bool | None = Field(
        None, description="read from disk while training; unset: where 1 GiB does not hold them"
    )

    @property
    def height_and_width(self) -> tuple[int, int] | None:
        """The size as numbers; one stands for both."""
        if self.size is None:
            return None
        height, _, width = self.size.partition("x")
        return int(height), int(width or height)


OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Location:
    """A data set's name taken apart; `name` is the whole of it."""

    name: str
    kind: str
    place: str
    given: dict[str, str]

    @classmethod
    def parse(cls, name: str) -> Location:
        """Take a name apart."""
        kind, _, rest = name.partition(":")
        place, _, query = rest.partition("?")
        return cls(name, kind, place, dict(parse_qsl(query, keep_blank_values=True)))

    def options(self, model: type[OptionsT]) -> OptionsT:
        """Read the options; raises `ValueError` naming the first at fault."""
        try:
            return model.model_validate(self.given)
        except ValidationError as error:
            known = ", ".join(model.model_fields)
            raise ValueError(
                f"of {self.name!r}: {first_problem(error)}; options: {known}"
            ) from error

    @property
    def path(self) -> Path:
        """The place as a path; a relative one is below the data directory."""
        return load_settings().data_dir / expanded(self.place)


def expanded(place: str) -> Path:
    """Return a path as it was written, `~` and `~USER` replaced.

    Raises:
        InvalidInputError: It can name no file.
    """
    if "\0" in place:
        raise InvalidInputError(f"dataset: got path {place!r}, allowed: one without NUL")
    try:
        return Path(place).expanduser()
    except RuntimeError as error:
        raise InvalidInputError(f"dataset: got path {place!r}: there is no such user") from error


def require_below(name: str, data_dir: Path) -> None:
    """Refuse a data set that lies outside the data directory, links followed.

    Raises:
        InvalidInputError: It does.
    """
    location = Location.parse(name)
    if not location.place:
        return
    path = (data_dir / expanded(location.place)).resolve()
    if not path.is_relative_to(data_dir.resolve()):
        raise InvalidInputError(
            f"dataset: got {name!r}, allowed here: paths below the data directory, NAS_DATA_DIR"
        )


def absolute(name: str, directory: Path) -> str:
    """Write a name's path as seen from `directory`, where it exists there; others as they are."""
    kind, separator, rest = name.partition(":")
    place, mark, query = rest.partition("?")
    seen = directory / expanded(place)
    if not separator or not (seen.exists() or (seen.parent.is_dir() and list(_matches(seen)))):
        return name
    return f"{kind}:{seen.resolve()}{mark}{query}"


def _matches(pattern: Path) -> Any:
    return pattern.parent.glob(pattern.name)
