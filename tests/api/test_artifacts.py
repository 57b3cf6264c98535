"""Artefacts through REST and the command line, on a disk and on a store that is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli.app import run
from nas.artifacts import open_store
from nas.database import open_database
from nas.ids import new_id
from nas.settings import Settings, load_settings
from tests.nas.artifacts.factories import record, write
from tests.nas.factories import add_job

CONTENT = "weights" * 100_000


@pytest.fixture(params=["file", "memory"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = f"memory://{new_id()}" if request.param == "memory" else None
    return load_settings(data_dir=tmp_path, artifact_url=url)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    database = open_database(settings.database_url)
    with TestClient(create_app(database, settings)) as opened:
        yield opened
    database.close()


def test_artefact_is_streamed_with_its_digest_as_entity_tag(
    client: TestClient, settings: Settings, tmp_path: Path
) -> None:
    database = client.app.state.database  # type: ignore[attr-defined]
    store = open_store(settings)
    file = write(tmp_path / "files", CONTENT, "model.safetensors")
    id_ = record(database, store, file, add_job(database))
    url = f"/api/v1/artifacts/{id_}"
    answer = client.get(url)
    assert answer.text == CONTENT
    digest = store.put(file).sha256
    assert answer.headers["etag"] == f'"{digest}"'
    assert int(answer.headers["content-length"]) == len(CONTENT)
    assert 'filename="model.safetensors"' in answer.headers["content-disposition"]
    again = client.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    store.delete(digest)
    gone = client.get(url)
    assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")
    assert gone.json()["detail"] == f"the file of artefact {id_!r} is gone"


def test_gc_on_the_command_line_removes_what_no_row_refers_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    store = open_store(load_settings())
    orphan = store.put(write(tmp_path, "an orphan"))
    expected = {"artifacts": 0, "files": 1, "freed_bytes": orphan.size_bytes}
    for arguments, dry_run in ((["--dry-run"], True), ([], False)):
        assert run(["artifacts", "gc", "--json", *arguments]) == 0
        assert json.loads(capsys.readouterr().out) == {"dry_run": dry_run, **expected}
    assert not store.contains(orphan.sha256)
    assert run(["artifacts", "gc", "--keep", "0"]) == 2
    assert capsys.readouterr().err == (
        "nas: error: --keep: got 0, allowed: 1 or more; the best always stays\n"
    )


def test_store_of_an_unknown_protocol_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("NAS_ARTIFACT_URL", "nosuch://bucket")
    assert run(["artifacts", "gc"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nas: error: settings: NAS_ARTIFACT_URL: got protocol 'nosuch'")
    assert error.count("\n") == 1
