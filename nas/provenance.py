"""What an evaluation ran with, recorded so that its result can be had again."""

from __future__ import annotations

import platform
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

PACKAGES = ("torch", "torchvision", "numpy", "ray", "optuna", "nas-service")
"""Distributions whose version can change what is proposed or how it trains."""

_GIT_SECONDS = 10


class Environment(BaseModel):
    """Where an evaluation ran and on which versions."""

    model_config = ConfigDict(frozen=True)

    device: str = Field(description="cpu, or the GPU's name")
    python: str = Field(description="version of the interpreter")
    packages: dict[str, str] = Field(description="versions by distribution")
    git_revision: str | None = Field(
        description="of the service where it runs from a checkout, with -dirty where files differ"
    )

    @classmethod
    def of_this_process(cls, device: str) -> Environment:
        """Describe the calling process."""
        return cls(
            device=device,
            python=platform.python_version(),
            packages=_versions(),
            git_revision=git_revision(Path(__file__).parent),
        )


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from its sources, or an optional part is absent
            continue
    return found


@lru_cache(maxsize=4)
def git_revision(directory: Path) -> str | None:
    """Return the commit of the checkout that `directory` belongs to, None if there is none.

    A directory that merely lies below someone's checkout, as an installed package in a virtual
    environment does, does not belong to it: its files are not tracked.
    """
    if _git(directory, "ls-files", "--error-unmatch", ".") is None:
        return None
    return _git(directory, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
