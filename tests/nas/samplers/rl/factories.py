from __future__ import annotations

from itertools import product

from nas.samplers.options import RLOptions
from nas.samplers.rl.sampler import RLSampler
from search_spaces import Decision
from tests.nas.answers import AnswersProblem
from tests.nas.factories import CONDITIONAL_DECISIONS


def sampler_with(
    decisions: tuple[Decision, ...] = CONDITIONAL_DECISIONS, **options: object
) -> RLSampler:
    return RLSampler(AnswersProblem(decisions), 0, RLOptions.model_validate(options))


def all_answers() -> list[dict[str, str | int]]:
    """Return the 21 complete answers to `CONDITIONAL_DECISIONS`."""
    found = []
    for family, width in product(("plain", "residual", "dense"), (8, 16, 32)):
        start = {"family": family, "width": width}
        if family == "plain":
            found.append(start)
        elif family == "residual":
            found += [start | {"ratio": ratio} for ratio in (2, 4)]
        else:
            found += [start | {"growth": growth} for growth in (4, 8)]
            found += [start | {"growth": 12, "wide_growth_drop": drop} for drop in ("no", "yes")]
    return found
