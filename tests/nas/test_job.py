from __future__ import annotations

import pytest

from nas.constraint import Constraint
from nas.errors import InvalidInputError
from nas.job import JobSpec, parse_job_spec
from search_spaces.case_studies import case_studies, find_or_raise_case_study

REQUEST = {"space": "cell", "sampler": "rl", "dataset": "digits"}


def test_short_request_is_enough():
    spec = parse_job_spec(REQUEST)
    assert spec.trials >= 1
    assert spec.parsed_constraints == ()


def test_spec_survives_json():
    spec = parse_job_spec(
        REQUEST
        | {
            "space_options": {"blocks": 2},
            "sampler_options": {"ppo_clip": 0.2},
            "constraints": ["params<=1234567", "macs>1e3"],
            "objective": "loss",
            "resources": {"cpus_per_trial": 0.5},
        }
    )
    assert JobSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.parsed_constraints[0] == Constraint("params", "<=", 1234567)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": "cells"}, "space: no search space 'cells'; known: .*cell"),
        ({"sampler": "luck"}, "sampler: no sampler 'luck'; known: .*model, random, rl, tpe"),
        ({"dataset": "imagenet"}, "dataset: no data set 'imagenet'; known: digits"),
        ({"space_options": {"blocks": 99}}, "space_options: of space 'cell': blocks: "),
        ({"space_options": {"layers": 3}}, "space_options: of space 'cell': layers: Extra"),
        (
            {"space": "stages", "space_options": {"min_stages": 5}},
            "of space 'stages': min_stages 5 with max_stages 3, allowed: 1 to 3",
        ),
        ({"sampler_options": {"clip": 3}}, "sampler_options: of sampler 'rl': clip: Extra"),
        ({"sampler_options": {"temperature": 0}}, "of sampler 'rl': temperature: "),
        ({"sampler_options": {"temperature": float("inf")}}, "of sampler 'rl': temperature: "),
        ({"baselines": ["hog", "svm"]}, "baselines: no baseline 'svm'; known: bag-of-.*, mlp"),
        ({"trials": 0}, "trials: .*greater than or equal to 1 .got 0"),
        ({"epochs": "few"}, "epochs: .*got 'few'"),
        ({"seed": -1}, "seed: "),
        ({"objective": "beauty"}, "objective: got 'beauty', allowed: one of accuracy, loss"),
        ({"constraints": ["params<=1e6", "latency<=5"]}, "constraints.1: constraint 'latency<=5'"),
        ({"resources": {"gpus_per_trial": -1}}, "resources.gpus_per_trial: "),
        ({"recipe": {"no_such_field": 1}}, "recipe.no_such_field: Extra"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_bad_field_is_named_with_what_is_allowed(change, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_job_spec(REQUEST | change)


def test_repeated_baseline_counts_once():
    spec = parse_job_spec(REQUEST | {"baselines": ["mlp", "linear", "mlp"]})
    assert spec.baselines == ("mlp", "linear")


def test_missing_field_is_named():
    with pytest.raises(InvalidInputError, match="dataset: Field required"):
        parse_job_spec({"space": "cell", "sampler": "rl"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_from": ["resnet-19"]}, "start_from.0: no case study 'resnet-19'; known: "),
        (
            {"start_from": ["resnet-18"]},
            "start_from: case study 'resnet-18' is a point of space 'stages', not of 'cell'",
        ),
        (
            {"space": "stages", "space_options": {"max_stages": 2}, "start_from": ["resnet-18"]},
            "start_from: case study 'resnet-18' lies outside space_options: ",
        ),
    ],
)
def test_start_that_is_no_point_of_the_space_is_refused(change, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_job_spec(REQUEST | change)


@pytest.mark.parametrize(
    "name", [study.name for study in case_studies().values() if study.architecture.space == "cell"]
)
def test_search_of_cells_can_start_from_every_published_cell(name):
    spec = parse_job_spec(REQUEST | {"space": "cell", "start_from": [name]})
    space = spec.new_space()
    (choices,) = JobSpec.model_validate_json(spec.model_dump_json()).starting_choices(space)
    assert space.architecture(choices) == find_or_raise_case_study(name).architecture


def test_published_cells_that_are_stacked_differently_share_no_search():
    starts = ["amoebanet-a", "enas-cifar"]
    with pytest.raises(InvalidInputError, match=r"'amoebanet-a' lies outside space_options: .*"):
        parse_job_spec(REQUEST | {"space": "cell", "start_from": starts})
