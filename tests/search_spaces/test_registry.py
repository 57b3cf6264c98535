from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from search_spaces import (
    Architecture,
    InvalidArchitectureError,
    UnknownSpaceError,
    build,
    create_space,
    find_or_raise_space,
    parse_architecture,
    spaces,
)
from tests.search_spaces.strategies import architecture_of, cell_of
from tests.search_spaces.test_contract import CASES

VALID = architecture_of(
    cell_of((0, "identity", 1, "conv_1x1"), (2, "conv_3x3", 0, "identity"))
).model_dump(mode="json")

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["cell", "identity", "conv_1x1"]),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["space", "architecture", "normal", "blocks"]) | st.text(max_size=4),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_unknown_space_is_refused_with_the_known_ones():
    with pytest.raises(UnknownSpaceError, match=r"no search space 'cells'; known: .*cell"):
        find_or_raise_space("cells")
    with pytest.raises(UnknownSpaceError):
        create_space("", {})


def test_every_space_is_registered_under_its_own_name():
    assert "cell" in spaces()
    assert all(space.name == name and space.summary for name, space in spaces().items())


def changed(path: list[str | int], value: object) -> dict[str, object]:
    data = copy.deepcopy(VALID)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("{", "not JSON"),
        (b"\xff", "not JSON"),
        ("[]", "must be a JSON object, got list"),
        (None, "must be a JSON object, got NoneType"),
        ({}, "architecture.space: got None"),
        ({"space": "pyramid"}, "architecture.space: got 'pyramid', allowed: .*cell"),
        ({"space": ["cell"]}, "architecture.space"),
        ({"name": "x", "version": 1}, "architecture.space"),
        ({"space": "cell"}, "architecture.normal: Field required"),
        (changed(["colour"], 1), "architecture.colour"),
        (changed(["a\nb"], 1), "architecture.'a.*b'"),
        (changed([""], 1), "architecture.'': "),
        (changed(["repeats"], "one"), "architecture.repeats"),
        (changed(["repeats"], 0), "architecture.repeats"),
        (changed(["repeats"], 10**5000), "architecture.repeats"),
        (changed(["filters"], 1.5), "architecture.filters"),
        (changed(["filters"], 10**6), "architecture.filters"),
        (changed(["normal"], []), "architecture.normal"),
        (changed(["normal", "blocks"], []), "architecture.normal.blocks"),
        (changed(["normal", "blocks"], VALID["normal"]["blocks"] * 4), "normal.blocks"),
        (changed(["normal", "blocks", 0, "inputs"], [0]), "normal.blocks.0.inputs"),
        (changed(["normal", "blocks", 0, "inputs"], [0, -1]), "normal.blocks.0.inputs.1"),
        (
            changed(["normal", "blocks", 1, "inputs"], [0, 3]),
            "architecture.normal: block 1 takes state 3, allowed: 0 to 2",
        ),
        (
            changed(["reduction", "blocks", 0, "operations"], ["identity", "magic"]),
            "reduction.blocks.0.operations.1: no operation 'magic', allowed: identity",
        ),
        (
            changed(["normal", "concatenate"], "most"),
            "normal.concatenate.name: .*'unused'",
        ),
        (changed(["normal", "concatenate"], 3), "normal.concatenate.states: .* tuple"),
        (
            changed(["normal", "concatenate"], [0, 4]),
            "architecture.normal.concatenate: got state 4, allowed: 0 to 3",
        ),
        (changed(["normal", "concatenate"], [0, 0]), r"concatenate.states: got \(0, 0\), allowed"),
        (changed(["layout"], {"stem_width": 0}), "architecture.layout.stem_width"),
        (changed(["layout"], {"stem_width": 10**6}), "architecture.layout.stem_width"),
        (changed(["layout"], {"later_stacks": []}), "architecture.layout.later_stacks"),
        (changed(["layout"], {"later_stacks": [65]}), "architecture.layout.later_stacks.0"),
        (changed(["layout"], {"later_stacks": [1] * 4}), "architecture.layout.later_stacks"),
        (changed(["layout"], {"last_projections": 3}), "architecture.layout.last_projections"),
        (changed(["layout"], {"padding": "left"}), "architecture.layout.padding: .*'end'"),
        (changed(["layout"], {"drop_path": 0.95}), "architecture.layout.drop_path"),
        (changed(["layout"], {"batch_norm": {"eps": 0}}), "architecture.layout.batch_norm.eps"),
        (changed(["layout"], {"colour": 1}), "architecture.layout.colour"),
        (
            changed(["layout"], {"stem": "imagenet"}),
            "architecture.layout: stem 'imagenet' with filters 4, allowed: filters 8 to 4096",
        ),
        ('{"space": "cell", "normal": ' + "[" * 300 + "]" * 300 + "}", "architecture.normal"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_invalid_architecture_error_names_the_field(data, named):
    with pytest.raises(InvalidArchitectureError, match=named) as caught:
        parse_architecture(data)
    assert "\n" not in str(caught.value)


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [10, 500, 5000])
def test_deeply_nested_values_are_refused(depth):
    for data in (changed(["normal"], nested(depth)), changed(["space"], nested(depth))):
        with pytest.raises(InvalidArchitectureError, match="architecture"):
            parse_architecture(data)


def parses_or_is_refused(data: object) -> None:
    try:
        architecture = parse_architecture(data)
    except InvalidArchitectureError as error:
        assert str(error)
    else:
        assert isinstance(architecture, Architecture)
        assert parse_architecture(architecture.model_dump_json()) == architecture


@settings(max_examples=150)
@given(JSON_VALUES)
def test_any_json_value_is_parsed_or_refused(value):
    parses_or_is_refused(value)
    parses_or_is_refused(json.dumps(value))


@settings(max_examples=100)
@given(st.text() | st.binary())
def test_any_text_is_parsed_or_refused(text):
    parses_or_is_refused(text)


def small_architectures(case: str) -> list[dict[str, object]]:
    """A few architectures of a space as JSON."""
    space = create_space(*CASES[case])
    rng = np.random.default_rng(0)
    return [space.sample(rng).model_dump(mode="json") for _ in range(5)]


WRONG_VALUES = JSON_VALUES | st.sampled_from(
    [10**400, -(10**400), 2**63, 1e308, float("nan"), float("inf"), "1", "", True, nested(100)]
)


def damage(data: st.DataObject, value: dict[str, object]) -> None:
    """Drop, replace, rename, duplicate or exchange one part of a JSON object, at any depth."""
    place: dict | list = value
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and data.draw(st.booleans()):
            place = place[key]
            continue
        kind = data.draw(st.sampled_from(["drop", "replace", "duplicate", "exchange", "wrap"]))
        other = data.draw(st.sampled_from(keys))
        if kind == "drop":
            del place[key]
        elif kind == "replace":
            place[key] = copy.deepcopy(data.draw(WRONG_VALUES))
        elif kind == "wrap":
            place[key] = [place[key]] if data.draw(st.booleans()) else {"value": place[key]}
        elif kind == "exchange":
            place[key], place[other] = place[other], place[key]
        elif isinstance(place, dict):
            place[data.draw(st.text(max_size=4))] = copy.deepcopy(place[key])
        else:
            place.insert(other, copy.deepcopy(place[key]))
        return


def is_small(value: object) -> bool:
    """Tell whether an architecture builds fast: no large number, and no long list, in its JSON."""
    if isinstance(value, dict):
        return all(map(is_small, value.values()))
    if isinstance(value, list):
        return len(value) <= 8 and all(map(is_small, value))
    return not isinstance(value, int) or value <= 8


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("case", CASES)
def test_damaged_architecture_is_valid_and_builds_or_is_refused_by_field(case, data):
    value = copy.deepcopy(data.draw(st.sampled_from(small_architectures(case))))
    for _ in range(data.draw(st.integers(1, 3))):
        damage(data, value)
    parses_or_is_refused(json.dumps(value))
    try:
        architecture = parse_architecture(value)
    except InvalidArchitectureError as error:
        assert "\n" not in str(error)
        assert names_a_field(str(error), value)
        return
    assert parse_architecture(architecture.model_dump_json()) == architecture
    assert architecture.canonical().content_hash == architecture.content_hash
    if is_small(architecture.model_dump(mode="json")):
        with torch.device("meta"):
            assert isinstance(build(architecture, (3, 32, 32), 3), nn.Module)


def names_a_field(message: str, value: dict[str, object]) -> bool:
    """Tell whether a message names a field that is in the JSON object or missing there."""
    fields = set(value) | {"space"}
    if value.get("space") in list(spaces()):
        fields |= set(find_or_raise_space(str(value["space"])).architecture_type.model_fields)
    named = [f"architecture.{name}" for field in fields for name in (field, repr(field))]
    return any(message.startswith((f"{name}:", f"{name}.")) for name in named)
