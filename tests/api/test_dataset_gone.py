"""A stored job whose images have been moved away: it is shown, and what needs them says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from api.cli.app import run
from nas.database import Database
from nas.settings import load_settings
from tests.nas.factories import add_job, new_database, new_loop, run_to_the_end


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def job_id(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    folder = tmp_path / "flowers"
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for index in range(10):
            image = np.full((8, 8, 3), index, dtype=np.uint8)
            Image.fromarray(image).save(folder / label / f"{index}.png")
    job_id = add_job(database, trials=3, dataset="folder:flowers")
    run_to_the_end(new_loop(database, job_id))
    shutil.rmtree(folder)
    return job_id


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(database, load_settings(data_dir=tmp_path))) as client:
        yield client


@pytest.mark.parametrize("path", ["", "/trials", "/best"])
def test_what_is_recorded_is_shown(client: TestClient, job_id: str, path: str) -> None:
    assert client.get(f"/api/v1/jobs/{job_id}{path}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/pareto?metrics=accuracy,params", None),
        ("POST", "/export", {"format": "json"}),
        ("POST", "/export", {"format": "onnx"}),
    ],
)
def test_what_needs_the_images_is_a_problem_that_names_them(
    client: TestClient, job_id: str, method: str, path: str, body: object
) -> None:
    answer = client.request(method, f"/api/v1/jobs/{job_id}{path}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert "the job's data set is not there as it was: of 'folder:flowers'" in answer.text


@pytest.mark.parametrize("command", [["export"], ["pareto"]])
def test_command_line_says_so_in_one_line(
    job_id: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, job_id]) == 1
    err = capsys.readouterr().err
    assert "data set is not there as it was" in err and "Traceback" not in err
