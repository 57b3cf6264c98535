from __future__ import annotations

import json

import pytest

from api.cli.app import run
from api.cli.output import console
from api.cli.scaling import parse_phis
from nas.database import open_database
from nas.database.jobs import create_job
from nas.scaling.follow_up import FollowUpRequest, follow_up_spec
from tests.nas.factories import NOON
from tests.nas.scaling.factories import CELLS, add_finished_job
from tests.nas.scaling.following import follow


@pytest.fixture
def database(tmp_path, monkeypatch):
    """The database that commands use."""
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(console, "width", 200)
    opened = open_database(f"sqlite:///{tmp_path / 'nas.db'}")
    yield opened
    opened.close()


def scaled(capsys, *arguments: str):
    assert run(["scale", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_case_study_is_scaled_by_the_released_multipliers(capsys):
    view = scaled(
        capsys,
        *("efficientnet-b0", "--no-compare"),
        *("--multipliers", "1.0,1.1,240", "--multipliers", "1.1,1.2,260"),
    )
    assert view["coefficients"] == {"alpha": 1.2, "beta": 1.1, "gamma": 1.15}
    assert [m["params"] for m in view["members"]] == [7_794_184, 9_109_994]
    assert [m["multipliers"] for m in view["members"]] == [
        {"width": 1.0, "depth": 1.1, "resolution": 240},
        {"width": 1.1, "depth": 1.2, "resolution": 260},
    ]
    assert [m["architecture"]["space"] for m in view["members"]] == ["stages"] * 2
    assert [m["phi"] for m in view["power_law"]] == [1, 2]


def test_table_shows_members_and_what_they_are_compared_with(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(console, "width", 200)
    file = tmp_path / "cells.json"
    file.write_text(CELLS.model_dump_json())
    assert run(["scale", str(file), "--input", "1x16x16", "--phi", "1", "--divisor", "1"]) == 0
    out = capsys.readouterr().out
    rows = ("unscaled", "compound", "  depth only", "  width only", "  resolution only")
    assert all(any(line.startswith(row) for line in out.splitlines()) for row in rows)
    assert "MACs grow by 1.920 with each phi" in out


def test_target_is_solved_for(tmp_path, capsys):
    file = tmp_path / "cells.json"
    file.write_text(CELLS.model_dump_json())
    view = scaled(
        capsys, str(file), "--input", "1x16x16", "--target", "params<=2e5", "--no-compare"
    )
    (member,) = view["members"]
    assert member["target"] == "params<=200000"
    assert 122_082 < member["params"] <= 2e5


def test_winner_and_follow_up_are_shown_and_drawn(database, tmp_path, capsys):
    parent = add_finished_job(database)
    winner = scaled(capsys, parent, "--phi", "1", "--no-compare")
    assert winner["members"][0]["trained"] is None
    with database.write() as session:
        request = FollowUpRequest(phis=(1, 2), divisor=1, coefficients="paper", compare=False)
        job_id = create_job(session, follow_up_spec(session, parent, request), NOON).id
    picture = tmp_path / "family.png"
    assert run(["scale", job_id, "--plot", str(picture)]) == 2
    assert "without a trained member" in capsys.readouterr().err
    follow(database, job_id)
    view = scaled(capsys, job_id, "--plot", str(picture))
    assert all(member["trained"]["accuracy"] > 0 for member in view["members"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(["scale", job_id]) == 0
    assert f"{view['members'][1]['trained']['accuracy']:.2%}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet-18", "--alpha", "1.2"], "--beta, --gamma: got none, allowed: all three, or none"),
        (
            ["resnet-18", "--alpha", "2", "--beta", "2", "--gamma", "2"],
            "alpha * beta^2 * gamma^2: got 32.000, allowed: 1.8 to 2.2",
        ),
        (["resnet-18", "--phi", "1..x"], "--phi: got '1..x', allowed: numbers with commas"),
        (["resnet-18", "--phi", "99"], "phis.0: Input should be less than or equal to 16"),
        (["resnet-18", "--multipliers", "2"], "allowed: WIDTH,DEPTH,RESOLUTION"),
        (["resnet-18", "--target", "macs>=1"], "allowed: an upper bound on one of params, macs"),
        (["resnet-18", "--train"], "--train: got 'resnet-18', allowed: the id of a job or a trial"),
        (["nothing"], "no job or trial 'nothing'"),
        (["resnet-18", "--plot", "/no/where.png"], "--plot: got '/no/where.png', allowed: a file"),
    ],
)
def test_what_cannot_be_scaled_is_one_line(database, capsys, arguments, message):
    assert run(["scale", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_phis_are_numbers_or_a_range():
    assert parse_phis("1..7") == [1, 2, 3, 4, 5, 6, 7]
    assert parse_phis("0.5,-1,2") == [0.5, -1, 2]
