from __future__ import annotations

import json

import pytest

from nas.errors import InvalidInputError
from nas.job import parse_job_spec
from nas.job_file import read_job_file, write_job_file
from tests.nas.test_job import REQUEST

FULL = REQUEST | {
    "name": "größer: [1]",
    "space_options": {"blocks": 2, "operations": ["identity", "conv_1x1"]},
    "sampler_options": {"ppo_clip": 0.2},
    "constraints": ["params<=1e6"],
    "scheduler": {"name": "asha", "reduction_factor": 2.5},
    "recipe": {"label_smoothing": 1e-7, "augmentation": {"max_shift": 0}},
    "resources": {"max_concurrent_trials": 1},
    "seed": 7,
}


@pytest.mark.parametrize("request_", [REQUEST, FULL])
def test_written_job_is_read_back_as_it_was(tmp_path, request_):
    spec = parse_job_spec(request_)
    path = tmp_path / "job.yaml"
    path.write_text(write_job_file(spec), encoding="utf-8")
    assert parse_job_spec(read_job_file(path)) == spec


def test_json_and_hand_written_yaml_are_read_alike(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(FULL))
    (tmp_path / "job.yaml").write_text(
        "space: cell\nsampler: rl\ndataset: digits\n"
        "scheduler: asha   # with its default options\n"
        "recipe: {learning_rate: 1e-3}\nconstraints:\n  - params<=1e6\n"
    )
    assert parse_job_spec(read_job_file(tmp_path / "job.json")) == parse_job_spec(FULL)
    spec = parse_job_spec(read_job_file(tmp_path / "job.yaml"))
    assert (spec.recipe.learning_rate, spec.scheduler.name) == (1e-3, "asha")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour: red\n", r"no field 'colour'; known: name, space, .*seed"),
        ("- a\n- b\n", r"got \['a', 'b'\], allowed: fields of a job by name"),
        ("", "got None, allowed: fields of a job by name"),
        ("space: [cell\n", "no YAML or JSON: "),
        ("space: !!python/object/apply:os.system ['true']\n", "no YAML or JSON: "),
    ],
)
def test_what_is_no_job_file_is_refused(tmp_path, text, message):
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=f"job file {path}: {message}"):
        read_job_file(path)


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match=r"absent.yaml: cannot read it: "):
        read_job_file(tmp_path / "absent.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="cannot read it: "):
        read_job_file(tmp_path / "binary")
