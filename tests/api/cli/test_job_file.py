from __future__ import annotations

import yaml

from api.cli.app import run
from api.cli.job_file import override
from nas.database import open_database
from nas.job import parse_job_spec
from tests.nas.factories import add_job

FLAGS = {
    "space": "cell",
    "space_options": {},
    "sampler": "model",
    "sampler_options": {},
    "dataset": "digits",
    "trials": 20,
    "scheduler": None,
    "recipe": {},
    "resources": {},
    "constraints": [],
}
FILE = {
    "space": "stages",
    "space_options": {"max_stages": 2},
    "sampler": "rl",
    "sampler_options": {"ppo_clip": 0.2},
    "trials": 9,
    "scheduler": {"name": "asha", "reduction_factor": 2.0},
    "recipe": {"batch_size": 32, "momentum": 0.8},
}


def test_file_stands_over_defaults_and_given_options_over_the_file():
    merged = override(FILE, FLAGS | {"trials": 5}, ["trials"])
    assert merged == FLAGS | FILE | {"trials": 5}


def test_option_that_repeats_the_default_still_wins():
    assert override(FILE, FLAGS, ["trials"])["trials"] == 20


def test_named_values_are_set_one_by_one():
    flags = FLAGS | {"recipe": {"momentum": 0.5}, "scheduler": {"reduction_factor": 4}}
    merged = override(FILE, flags, ["recipe_option", "scheduler_option", "config", "as_json"])
    assert merged["recipe"] == {"batch_size": 32, "momentum": 0.5}
    assert merged["scheduler"] == {"name": "asha", "reduction_factor": 4}


def test_options_of_what_is_replaced_are_left_out():
    flags = FLAGS | {"sampler": "tpe", "scheduler": {"name": "median"}}
    merged = override(FILE, flags, ["sampler", "scheduler"])
    assert merged["sampler_options"] == {}
    assert merged["scheduler"] == {"name": "median"}
    same = override(FILE, FLAGS | {"sampler": "rl"}, ["sampler"])
    assert same["sampler_options"] == {"ppo_clip": 0.2}


def test_unknown_field_is_named_in_one_line(tmp_path, capsys):
    path = tmp_path / "job.yaml"
    path.write_text("space: cell\ncolour: red\n")
    assert run(["search", "--config", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"nas: error: job file {path}: no field 'colour'; known: name, ")
    assert error.count("\n") == 1


def test_bad_value_of_a_file_is_named_in_one_line(tmp_path, capsys):
    path = tmp_path / "job.yaml"
    path.write_text("trials: 0\n")
    assert run(["search", "--config", str(path)]) == 2
    assert "trials: Input should be greater than or equal to 1" in capsys.readouterr().err


def test_scheduler_option_without_a_scheduler_is_refused(capsys):
    assert run(["search", "--scheduler-option", "min_epochs=1"]) == 2
    assert "nas: error: scheduler.name: Field required" in capsys.readouterr().err


def test_schedulers_are_listed(capsys):
    assert run(["schedulers"]) == 0
    out = capsys.readouterr().out
    for shown in ("asha", "min_epochs", "signal", "reduction_factor"):
        assert shown in out


def test_job_is_written_as_the_file_that_makes_it_again(tmp_path, capsys):
    url = f"sqlite:///{tmp_path / 'nas.db'}"
    database = open_database(url)
    job_id = add_job(database, epochs=9, scheduler="asha", seed=5)
    database.close()
    assert run(["jobs", "config", job_id, "--db", url]) == 0
    written = yaml.safe_load(capsys.readouterr().out)
    assert (written["seed"], written["scheduler"]["name"]) == (5, "asha")
    assert parse_job_spec(written).space_options["blocks"] == 2
