"""What was answered to one key and is remembered is not shown to another, nor after its time."""

from __future__ import annotations

import pytest
from nicegui import core

from api.access.policy import AccessPolicy
from nas.access import Role
from nas.database.api_keys import list_keys, revoke_key
from nas.ids import utc_now
from tests.api.access.test_gate import client_of, key_of, submit
from tests.nas.factories import new_database


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def client(database, tmp_path):
    core.app.middleware_stack = None  # NiceGUI has one application per process
    with client_of(database, tmp_path, AccessPolicy(needs_key=True)) as client:
        yield client


def test_remembered_answer_is_for_who_asked_alone(client, database):
    mine, other = (key_of(database, Role.SUBMITTER) for _ in range(2))
    job_id = submit(client, mine)
    paths = [f"/api/v1/jobs/{job_id}{rest}" for rest in ("", "/trials", "/pareto", "/artifacts")]
    for _ in range(2):  # read, then remembered
        for path in paths:
            assert client.get(path, headers=mine).status_code == 200
            assert client.get(path, headers=other).status_code == 404
            assert client.get(path).status_code == 401
        assert len(client.get("/api/v1/jobs", headers=mine).json()["items"]) == 1
        assert client.get("/api/v1/jobs", headers=other).json()["items"] == []
    tag = client.get(paths[0], headers=mine).headers["etag"]
    assert client.get(paths[0], headers=other | {"If-None-Match": tag}).status_code == 404


def test_revoked_key_is_not_answered_from_memory(client, database):
    mine = key_of(database, Role.SUBMITTER)
    path = f"/api/v1/jobs/{submit(client, mine)}"
    assert client.get(path, headers=mine).status_code == 200
    with database.write() as session:
        for row in list_keys(session):
            revoke_key(session, row.id, utc_now())
    assert client.get(path, headers=mine).status_code == 401
