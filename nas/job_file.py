"""Jobs as files: what `nas search --config` reads, and what writes a job so that it reproduces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nas.errors import InvalidInputError
from nas.job import JobSpec
from search_spaces.errors import shown


def read_job_file(path: Path) -> dict[str, Any]:
    """Read a job's fields from YAML or JSON; their values are checked with the job.

    Raises:
        InvalidInputError: The file cannot be read, is no mapping, or names an unknown field.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"job file {path}: cannot read it: {error}") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"job file {path}: no YAML or JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInputError(
            f"job file {path}: got {shown(content)}, allowed: fields of a job by name"
        )
    for name in content:
        if name not in JobSpec.model_fields:
            raise InvalidInputError(
                f"job file {path}: no field {name!r}; known: {', '.join(JobSpec.model_fields)}"
            )
    return content


def write_job_file(spec: JobSpec) -> str:
    """Write a job as YAML with every field, so that it stays the same when defaults change."""
    text: str = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text
