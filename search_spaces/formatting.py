"""Formatting written Python as `ruff format` does with its defaults."""

from __future__ import annotations

import subprocess
import sys

from search_spaces.errors import StandaloneSourceError

_COMMAND = (
    *(sys.executable, "-P", "-m", "ruff"),  # -P: no file of the working directory is imported
    *("format", "--isolated", "--target-version", "py311", "--stdin-filename", "network.py", "-"),
)
_SECONDS = 60


def formatted(source: str) -> str:
    """Return `source` as the formatter leaves it.

    Raises:
        StandaloneSourceError: It is no Python, or the formatter does not run.
    """
    done = subprocess.run(
        _COMMAND, input=source, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        raise StandaloneSourceError(f"the module cannot be formatted: {done.stderr.strip()}")
    return done.stdout
