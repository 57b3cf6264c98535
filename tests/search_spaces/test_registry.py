from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import (
    Architecture,
    InvalidArchitectureError,
    UnknownSpaceError,
    create_space,
    find_or_raise_space,
    parse_architecture,
    spaces,
)
from tests.search_spaces.strategies import architecture_of, cell_of

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


@settings(max_examples=250)
@given(st.data())
def test_any_mutation_of_a_valid_architecture_is_parsed_or_refused(data):
    value = copy.deepcopy(VALID)
    for _ in range(data.draw(st.integers(1, 3))):
        place: dict | list = value
        while place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and data.draw(st.booleans()):
                place = place[key]
                continue
            if data.draw(st.booleans()):
                place[key] = data.draw(JSON_VALUES)
            else:
                del place[key]
            break
    parses_or_is_refused(value)
    parses_or_is_refused(json.dumps(value))
