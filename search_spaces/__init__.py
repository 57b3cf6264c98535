"""What can be built: architecture values, the spaces they come from, the networks they become."""

from search_spaces.base import Architecture, InputShape, SearchSpace, SpaceOptions
from search_spaces.decisions import (
    Choice,
    Choices,
    Condition,
    Decision,
    active_decisions,
    check_choices,
)
from search_spaces.encoding import Encoding
from search_spaces.errors import (
    InfeasibleArchitectureError,
    InvalidArchitectureError,
    InvalidDecisionsError,
    InvalidSpaceOptionsError,
    SearchSpaceError,
    UnknownCaseStudyError,
    UnknownSpaceError,
    UnscalableSpaceError,
)
from search_spaces.registry import (
    build,
    build_classifier,
    create_space,
    draw,
    draw_svg,
    find_or_raise_space,
    parse_architecture,
    scale,
    spaces,
    standalone_source,
)

__all__ = [
    "Architecture",
    "Choice",
    "Choices",
    "Condition",
    "Decision",
    "Encoding",
    "InfeasibleArchitectureError",
    "InputShape",
    "InvalidArchitectureError",
    "InvalidDecisionsError",
    "InvalidSpaceOptionsError",
    "SearchSpace",
    "SearchSpaceError",
    "SpaceOptions",
    "UnknownCaseStudyError",
    "UnknownSpaceError",
    "UnscalableSpaceError",
    "active_decisions",
    "build",
    "build_classifier",
    "check_choices",
    "create_space",
    "draw",
    "draw_svg",
    "find_or_raise_space",
    "parse_architecture",
    "scale",
    "spaces",
    "standalone_source",
]
