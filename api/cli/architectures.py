"""Architectures as arguments of commands: a file, or the name of a case study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.errors import InvalidInputError
from search_spaces import Architecture, parse_architecture
from search_spaces.case_studies import CaseStudy, case_studies

ArchitectureArgument = Annotated[
    str,
    typer.Argument(
        metavar="ARCH.json|CASE_STUDY",
        help="Architecture, or an export of one, or a name of `nas case-studies`.",
    ),
]


def read_architecture(given: str) -> tuple[Architecture, CaseStudy | None]:
    """Return the architecture, and the case study that it is if it was named.

    Raises:
        InvalidInputError: There is neither such a case study nor such a file.
        InvalidArchitectureError: The file holds no architecture.
    """
    study = case_studies().get(given)
    if study is not None:
        return study.architecture, study
    try:
        return parse_architecture(Path(given).read_text()), None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"ARCH.json: cannot read {given}: {error}; and no case study has that name, "
            "see `nas case-studies`"
        ) from error
