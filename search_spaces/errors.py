"""Errors of the search spaces; each message says what is wrong, what was given, what is allowed."""


class SearchSpaceError(ValueError):
    """Base of every error this package raises for its input."""


class UnknownSpaceError(SearchSpaceError):
    """Raised when a space's name is not registered."""


class UnknownOperationError(SearchSpaceError):
    """Raised when no operation of the cell space has the given name."""


class StandaloneSourceError(SearchSpaceError):
    """Raised when a network cannot be written as a module that needs torch alone; says why."""


class UnknownCaseStudyError(SearchSpaceError):
    """Raised when no case study has the given name."""


class InvalidArchitectureError(SearchSpaceError):
    """Raised when data is not an architecture of any space; names the field at fault."""


class InfeasibleArchitectureError(InvalidArchitectureError):
    """Raised when an architecture has no network for images of a size, or one that is too large.

    `params` and `macs` are what was counted until then.
    """

    def __init__(self, message: str, *, params: int = 0, macs: int = 0) -> None:
        super().__init__(message)
        self.params, self.macs = params, macs


class BrokenOperationError(InfeasibleArchitectureError):
    """Raised when the block of another package's operation cannot be imported or made."""


class InvalidSpaceOptionsError(SearchSpaceError):
    """Raised when a space cannot be set up with the given options; names the option."""


class UnscalableSpaceError(SearchSpaceError):
    """Raised when a space does not say how its architectures are made wider and deeper."""


class InvalidDecisionsError(SearchSpaceError):
    """Raised when chosen values do not answer a space's decision sequence."""


def first_problem(error: Exception) -> str:
    """Words the first problem of a pydantic `ValidationError` as `field: message (got value)`."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    problem = error.errors(include_url=False)[0]
    field = ".".join(_printable(str(part)) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] not in ("missing", "value_error"):  # ours say themselves what was given
        message += f" (got {shown(problem['input'])})"
    return f"{field}: {message}" if field else message


def shown(value: object) -> str:
    """Write any value for a message: one short line, whatever was given."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deep; an integer of too many digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 80 else text[:77] + "..."


def _printable(name: str) -> str:
    return name if name and name.isprintable() else repr(name)
