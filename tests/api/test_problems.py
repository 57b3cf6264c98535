"""Each refusal is a problem document, and none shows how the server is made."""

from __future__ import annotations

import json

import pytest

from api.bodies import DEEPEST, LARGEST_BODY_BYTES
from nas.database import Database
from tests.api.factories import application

JOB = {"space": "cell", "sampler": "random", "dataset": "digits", "trials": 2}
ANALYZE = "/api/v1/architectures/analyze"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with application(tmp_path_factory.mktemp("problems")) as (client, _):
        yield client


def problem_of(answer, status: int) -> str:
    """Check that an answer is a problem of this status, and return its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] and problem["type"] == "about:blank"
    assert "Traceback" not in answer.text
    return problem["detail"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/jobs", "/api/v1/nothing"])
def test_unknown_route_of_the_api_is_a_problem(client, path):
    assert f"no route {path}" in problem_of(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/jobs", "GET, POST"),
        ("POST", "/api/v1/samplers", "GET"),
        ("PATCH", "/api/v1/jobs/01a212cd-a249-7e41-82a6-406a4a91f922", "DELETE, GET"),
        ("DELETE", "/readyz", "GET"),
        ("TRACE", "/api/v1/jobs", "GET, POST"),
    ],
)
def test_method_that_a_route_does_not_have_names_those_that_it_has(client, method, path, allowed):
    answer = client.request(method, path)
    assert f"allowed: {allowed}" in problem_of(answer, 405)
    assert answer.headers["allow"] == allowed


def test_body_of_another_type_is_refused(client):
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {}):
        answer = client.post("/api/v1/jobs", content=b"space=cell", headers=headers)
        assert "allowed: application/json" in problem_of(answer, 415)
    accepted = {"Content-Type": "application/merge-patch+json; charset=utf-8"}
    answer = client.post("/api/v1/jobs", content=json.dumps(JOB), headers=accepted)
    assert answer.status_code in (201, 422)


def chunks(size: int):
    for _ in range(size // 1024):
        yield b" " * 1024


@pytest.mark.parametrize("content", [b" " * (LARGEST_BODY_BYTES + 1), chunks(2 * 2**20)])
def test_body_that_is_too_large_is_refused_however_it_is_sent(client, content):
    headers = {"Content-Type": "application/json"}
    problem_of(client.post("/api/v1/jobs", content=content, headers=headers), 413)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b'{"a": ' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "nested more than 32 levels"),
        (b"[" * 500_000, "nested more than 32 levels"),
        (b'{"space": NaN}', "got NaN, which JSON does not have"),
        (b'{"space": "\xff"}', "no JSON: 'utf-8' codec"),
        (b'{"space": "\\ud800"}', "no JSON: 'utf-8' codec"),
        (b'{"space": ', "no JSON: Expecting value"),
        (b"[]", "body: Input should be a valid dictionary"),
        (b'"' + b"[" * 100 + b'"', "body: Input should be a valid dictionary"),
        (b"", "body: Field required"),
    ],
)
def test_body_that_is_no_job_is_refused(client, content, detail):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/jobs", content=content, headers=headers)
    assert detail in problem_of(answer, 422)


@pytest.mark.parametrize(
    "id_", ["x", "%00", "..%2F..%2Fetc%2Fpasswd", "' OR 1=1 --", "01a212cd" * 100]
)
def test_what_is_no_id_is_not_found(client, id_):
    for path in ("jobs/{}", "jobs/{}/trials", "jobs/{}/events", "trials/{}", "artifacts/{}"):
        answer = client.get(f"/api/v1/{path.format(id_)}")
        problem_of(answer, 404)


def test_failure_of_the_server_shows_nothing_of_it(client, monkeypatch, caplog):
    def fail(_self):
        raise RuntimeError("secret /var/lib")

    monkeypatch.setattr(Database, "read", fail)
    answer = client.get("/readyz")
    assert problem_of(answer, 500) == "the server failed; its log says why"
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_description_lists_problems_under_their_media_type(client):
    schema = client.get("/api/openapi.json").json()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"] or operation["description"], (method, path)
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], path
    assert {"Problem", "FieldProblem", "TrialView"} <= set(schema["components"]["schemas"])


def test_text_with_a_null_character_is_accepted_or_refused_but_no_failure(client):
    answer = client.post("/api/v1/jobs", json=JOB | {"name": "a\x00b"})
    assert "name: " in problem_of(answer, 422)
