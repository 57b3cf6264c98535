"""Parts of the recipe that are searched together with the architecture.

They are decisions after the space's own, named `recipe.` and the field, so that every sampler
answers them as it answers the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from nas.recipe import Recipe
from search_spaces import Choice, Choices, Decision
from search_spaces.errors import first_problem, shown

PREFIX = "recipe."
MOST_CHOICES = 64

_FORM = "allowed: VALUE,VALUE,... or LOW..HIGH, with :log and :STEPS after it where wanted"
_RANGE = re.compile(r"([^:]+?)\.\.([^:]+?)(:log)?(?::(\d+))?")


class Range(BaseModel):
    """Evenly spaced values, or values of evenly spaced logarithms."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float
    high: float
    log: bool = Field(False, description="equal ratios instead of equal differences")
    steps: int = Field(8, ge=2, le=MOST_CHOICES, description="values, both ends included")

    def values(self) -> list[float]:
        """Return the values, to four digits; raises `ValueError` for an empty range."""
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"got {self.low:g} to {self.high:g}, allowed: a low end below the high one"
                + (", above 0 for logarithms" if self.log else "")
            )
        space = np.geomspace if self.log else np.linspace
        return [float(f"{value:.4g}") for value in space(self.low, self.high, self.steps)]


def read_choices(given: object) -> object:
    """Read the text form, as `0.01..0.3:log:8` or `sgd,adamw`; leave any other as it is."""
    if not isinstance(given, str):
        return given
    match = _RANGE.fullmatch(given.strip())
    if match is None:
        return [_number(part.strip()) for part in given.split(",")]
    low, high = _number(match[1].strip()), _number(match[2].strip())
    if isinstance(low, str) or isinstance(high, str):
        raise ValueError(f"got {shown(given)}, {_FORM}")
    steps = {} if match[4] is None else {"steps": int(match[4])}
    return {"low": low, "high": high, "log": match[3] is not None, **steps}


ChoicesRequest = Annotated[Range | list[int | float | str], BeforeValidator(read_choices)]


def _complete(given: dict[str, ChoicesRequest]) -> dict[str, ChoicesRequest]:
    """Write every range and list as the list of values that the recipe's field takes."""
    return {name: _values(name, choices) for name, choices in given.items()}


HyperparametersRequest = Annotated[dict[str, ChoicesRequest], AfterValidator(_complete)]
"""Fields of the recipe, dotted where they lie deeper, and the values to choose from."""


def decisions_of(request: Mapping[str, Any]) -> tuple[Decision, ...]:
    """Return a decision for each field."""
    return tuple(Decision(PREFIX + name, tuple(values)) for name, values in request.items())


def recipe_of(base: Recipe, chosen: Choices) -> Recipe:
    """Return the recipe with the answers to its decisions in it, and nothing left open."""
    recipe = base
    for name, value in chosen.items():
        if name.startswith(PREFIX):
            recipe = _with(recipe, name.removeprefix(PREFIX), value)
    return recipe.resolved()


def nearest_answers(base: Recipe, decisions: tuple[Decision, ...]) -> dict[str, Choice]:
    """Answer the recipe's decisions as closely to a recipe as they can be."""
    return {
        decision.name: _nearest(_get(base.resolved(), decision.name.removeprefix(PREFIX)), decision)
        for decision in decisions
        if decision.name.startswith(PREFIX)
    }


def _nearest(value: Choice | None, decision: Decision) -> Choice:
    if value is None or isinstance(value, str):
        return next((choice for choice in decision.choices if choice == value), decision.choices[0])
    numbers = [choice for choice in decision.choices if not isinstance(choice, str)]
    return min(numbers, key=lambda choice: abs(choice - value))


def _values(name: str, given: Range | list[int | float | str]) -> list[int | float | str]:
    """Check the values and write each as the recipe has it, once."""
    if name not in FIELDS:
        raise ValueError(f"no field {name!r} of the recipe; known: {', '.join(FIELDS)}")
    try:
        listed: list[int | float | str] = (
            [*given.values()] if isinstance(given, Range) else list(given)
        )
        if isinstance(given, Range) and FIELDS[name] is int:
            listed = [round(float(value)) for value in listed]
        values = list(dict.fromkeys(_get(_with(Recipe(), name, value), name) for value in listed))
    except ValidationError as error:
        raise ValueError(f"of recipe.{first_problem(error)}") from error
    except ValueError as error:
        raise ValueError(f"of {name}: {error}") from error
    if not 1 <= len(values) <= MOST_CHOICES:
        raise ValueError(f"of {name}: got {len(values)} values, allowed: 1 to {MOST_CHOICES}")
    return values


def _fields(model: type[BaseModel], before: str = "") -> dict[str, type]:
    """Return the types of a model's fields by name, dotted where they lie deeper."""
    found: dict[str, type] = {}
    for name, field in model.model_fields.items():
        kind: Any = next(
            (each for each in get_args(field.annotation) if each is not type(None)),
            field.annotation,
        )
        if issubclass(kind, BaseModel):
            found |= _fields(kind, f"{before}{name}.")
        else:
            found[before + name] = kind
    return found


FIELDS: Mapping[str, type] = {
    name: kind for name, kind in _fields(Recipe).items() if name != "schedule_epochs"
}
"""What of a recipe can be searched: all but the horizon that a job's budgets have in common."""


def _with(recipe: Recipe, name: str, value: object) -> Recipe:
    """Return the recipe with one field set; raises `ValidationError` for a value out of bounds."""
    content = recipe.model_dump()
    *path, last = name.split(".")
    inner = content
    for part in path:
        inner = inner[part]
    inner[last] = value
    return Recipe.model_validate(content)


def _get(recipe: Recipe, name: str) -> Choice:
    value: Any = recipe
    for part in name.split("."):
        value = getattr(value, part)
    return str(value) if isinstance(value, str) else value


def _number(text: str) -> int | float | str:
    """Read a number where the text is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
