"""What can be built: architecture values, the spaces they come from, the networks they become."""

from search_spaces.base import (
    Architecture,
    Choice,
    Choices,
    Condition,
    Decision,
    InputShape,
    SearchSpace,
    SpaceOptions,
    active_decisions,
    check_choices,
)
from search_spaces.errors import (
    InvalidArchitectureError,
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    SearchSpaceError,
    UnknownSpaceError,
)
from search_spaces.registry import (
    build,
    build_classifier,
    create_space,
    draw,
    find_or_raise_space,
    parse_architecture,
    spaces,
    standalone_source,
)

__all__ = [
    "Architecture",
    "Choice",
    "Choices",
    "Condition",
    "Decision",
    "InputShape",
    "InvalidArchitectureError",
    "InvalidDecisionsError",
    "InvalidSpaceOptionsError",
    "SearchSpace",
    "SearchSpaceError",
    "SpaceOptions",
    "UnknownSpaceError",
    "active_decisions",
    "build",
    "build_classifier",
    "check_choices",
    "create_space",
    "draw",
    "find_or_raise_space",
    "parse_architecture",
    "spaces",
    "standalone_source",
]
