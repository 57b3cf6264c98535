from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from nicegui import core
from starlette.websockets import WebSocketDisconnect

from api.access.policy import LOOPBACK_NAMES, AccessPolicy
from api.app import create_app
from nas.access import Quota, Role
from nas.database import Database
from nas.database.api_keys import create_key, find_or_raise_key, revoke_key
from nas.ids import new_id, utc_now
from nas.settings import load_settings
from tests.nas.factories import new_database, new_loop, run_to_the_end

JOB = {"space": "cell", "sampler": "random", "dataset": "digits", "trials": 2}


@pytest.fixture(autouse=True)
def fresh_dashboard() -> None:
    """Let NiceGUI, of which a process has one, take part in another application."""
    core.app.middleware_stack = None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path)
    yield database
    database.close()


def client_of(database: Database, tmp_path: Path, policy: AccessPolicy) -> TestClient:
    settings = load_settings(data_dir=tmp_path, database_url=str(database.engine.url))
    return TestClient(create_app(database, settings, policy), follow_redirects=False)


@pytest.fixture
def guarded(database, tmp_path) -> Iterator[TestClient]:
    with client_of(database, tmp_path, AccessPolicy(needs_key=True)) as client:
        yield client


def key_of(database: Database, role: Role, **quota: object) -> dict[str, str]:
    with database.write() as session:
        _, token = create_key(session, role.value, role, Quota.model_validate(quota), utc_now())
    return {"Authorization": f"Bearer {token}"}


def submit(client: TestClient, key: dict[str, str], **changes: object) -> str:
    answer = client.post("/api/v1/jobs", json=JOB | changes, headers=key)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Basic eDp5", f"Bearer nas_{32 * '0'}_{43 * 'x'}"]
)
def test_without_a_right_key_nothing_is_told(guarded, header):
    for path in ("/api/v1/jobs", "/api/v1/samplers", "/metrics", "/api/openapi.json", "/api/docs"):
        answer = guarded.get(path, headers={} if header is None else {"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_health_and_login_need_no_key(guarded):
    for path in ("/healthz", "/readyz", "/login"):
        assert guarded.get(path).status_code == 200


def test_browser_without_a_key_is_sent_to_the_login_and_in_again(guarded, database):
    assert guarded.get("/", headers={"Accept": "text/html"}).headers["location"] == "/login"
    assert guarded.post("/login", data={"key": "wrong"}).status_code == 401
    key = key_of(database, Role.VIEWER)["Authorization"].removeprefix("Bearer ")
    answer = guarded.post("/login", data={"key": key})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert "key" not in answer.headers["location"]
    assert guarded.get("/", headers={"Accept": "text/html"}).status_code == 200
    guarded.post("/logout")
    guarded.cookies.clear()
    assert guarded.get("/", headers={"Accept": "text/html"}).status_code == 303


def test_live_connection_of_the_dashboard_needs_a_key_too(guarded):
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        guarded.websocket_connect("/_nicegui_ws/socket.io/?EIO=4&transport=websocket"),
    ):
        pass
    assert refused.value.code == 1008


def test_revoked_key_opens_nothing_from_then_on(guarded, database):
    key = key_of(database, Role.ADMIN)
    assert guarded.get("/api/v1/jobs", headers=key).status_code == 200
    key_id = guarded.get("/api/v1/keys", headers=key).json()["items"][0]["id"]
    with database.write() as session:
        revoke_key(session, key_id, utc_now())
    assert guarded.get("/api/v1/jobs", headers=key).status_code == 401


def test_last_use_of_a_key_is_noted(guarded, database):
    key = key_of(database, Role.VIEWER)
    guarded.get("/api/v1/jobs", headers=key)
    admin = key_of(database, Role.ADMIN)
    shown = {k["role"]: k for k in guarded.get("/api/v1/keys", headers=admin).json()["items"]}
    assert shown["viewer"]["last_used_at"] is not None


def test_viewer_sees_all_and_changes_nothing(guarded, database):
    job_id = submit(guarded, key_of(database, Role.SUBMITTER))
    viewer = key_of(database, Role.VIEWER)
    assert guarded.get(f"/api/v1/jobs/{job_id}", headers=viewer).status_code == 200
    assert guarded.post("/api/v1/jobs", json=JOB, headers=viewer).status_code == 403
    assert guarded.post(f"/api/v1/jobs/{job_id}/stop", headers=viewer).status_code == 403
    assert guarded.delete(f"/api/v1/jobs/{job_id}", headers=viewer).status_code == 403


def test_analysis_is_open_to_viewers_for_it_changes_nothing(guarded, database):
    body = {"architecture": {"space": "nope"}}
    answer = guarded.post(
        "/api/v1/architectures/analyze", json=body, headers=key_of(database, Role.VIEWER)
    )
    assert answer.status_code == 422


def test_another_owners_ids_are_as_if_they_were_not_there(guarded, database):
    mine, other = key_of(database, Role.SUBMITTER), key_of(database, Role.SUBMITTER)
    job_id = submit(guarded, mine)
    run_to_the_end(new_loop(database, job_id))
    trial_id = guarded.get(f"/api/v1/jobs/{job_id}/trials", headers=mine).json()["items"][0]["id"]
    paths = [f"/jobs/{job_id}{rest}" for rest in ("", "/trials", "/best", "/pareto", "/policy")] + [
        f"/trials/{trial_id}{rest}" for rest in ("", "/metrics", "/log", "/log/events")
    ]
    for path in paths:
        answer = guarded.get(f"/api/v1{path}", headers=other)
        missing = path.replace(job_id, unknown := new_id()).replace(trial_id, unknown)
        nothing = guarded.get(f"/api/v1{missing}", headers=other)
        assert answer.status_code == nothing.status_code == 404, path
        told = answer.json()["detail"].replace(job_id, unknown).replace(trial_id, unknown)
        assert told == nothing.json()["detail"]
    for action in ("stop", "resume", "retry"):
        assert guarded.post(f"/api/v1/jobs/{job_id}/{action}", headers=other).status_code == 404
    assert guarded.delete(f"/api/v1/jobs/{job_id}", headers=other).status_code == 404
    assert guarded.get("/api/v1/jobs", headers=other).json()["items"] == []
    assert guarded.get(f"/api/v1/jobs/{job_id}", headers=mine).status_code == 200


def test_anothers_trial_cannot_be_exported_through_an_own_job(guarded, database):
    mine, other = key_of(database, Role.SUBMITTER), key_of(database, Role.SUBMITTER)
    secret, own = submit(guarded, mine), submit(guarded, other)
    run_to_the_end(new_loop(database, secret))
    trial_id = guarded.get(f"/api/v1/jobs/{secret}/trials", headers=mine).json()["items"][0]["id"]
    body = {"format": "json", "trial_id": trial_id}
    answer = guarded.post(f"/api/v1/jobs/{own}/export", json=body, headers=other)
    assert answer.status_code == 404


def test_admin_sees_and_stops_every_job(guarded, database):
    job_id = submit(guarded, key_of(database, Role.SUBMITTER))
    admin = key_of(database, Role.ADMIN)
    assert guarded.get(f"/api/v1/jobs/{job_id}", headers=admin).json()["owner"] == "submitter"
    assert guarded.post(f"/api/v1/jobs/{job_id}/stop", headers=admin).status_code == 202


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUBMITTER])
def test_keys_and_audit_log_are_the_admins_alone(guarded, database, role):
    key = key_of(database, role)
    assert guarded.get("/api/v1/keys", headers=key).status_code == 403
    assert guarded.post("/api/v1/keys", json={"name": "x"}, headers=key).status_code == 403
    assert guarded.get("/api/v1/audit", headers=key).status_code == 403


def test_admin_makes_and_revokes_keys(guarded, database):
    admin = key_of(database, Role.ADMIN)
    made = guarded.post("/api/v1/keys", json={"name": "x", "role": "viewer"}, headers=admin).json()
    new = {"Authorization": f"Bearer {made['key']}"}
    assert guarded.get("/api/v1/jobs", headers=new).status_code == 200
    guarded.delete(f"/api/v1/keys/{made['id']}", headers=admin)
    assert guarded.get("/api/v1/jobs", headers=new).status_code == 401
    with database.read() as session:
        stored = find_or_raise_key(session, made["id"]).secret_hash
    assert made["key"].rsplit("_", 1)[-1] not in stored


def test_same_idempotency_key_of_two_owners_gives_two_jobs(guarded, database):
    ids = {
        guarded.post(
            "/api/v1/jobs",
            json=JOB,
            headers=key_of(database, Role.SUBMITTER) | {"Idempotency-Key": "once"},
        ).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_quota_is_a_problem_that_names_the_limit(guarded, database):
    key = key_of(database, Role.SUBMITTER, jobs_at_once=1) | {"Idempotency-Key": "once"}
    job_id = submit(guarded, key)
    assert submit(guarded, key) == job_id  # no new job, so nothing to refuse
    answer = guarded.post("/api/v1/jobs", json=JOB, headers=key | {"Idempotency-Key": "twice"})
    assert answer.status_code == 429
    assert "jobs_at_once" in answer.json()["detail"]


def test_requests_beyond_the_rate_are_told_when_to_come_again(guarded, database):
    key = key_of(database, Role.VIEWER, requests_per_minute=2)
    codes = [guarded.get("/api/v1/samplers", headers=key).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert int(guarded.get("/api/v1/samplers", headers=key).headers["Retry-After"]) >= 1


def test_every_change_is_in_the_audit_log_refused_ones_too(guarded, database):
    admin, viewer = key_of(database, Role.ADMIN), key_of(database, Role.VIEWER)
    submit(guarded, admin)
    guarded.post("/api/v1/jobs", json=JOB, headers=viewer)
    guarded.post("/api/v1/jobs", json=JOB)
    guarded.get("/api/v1/jobs", headers=viewer)
    lines = guarded.get("/api/v1/audit", headers=admin).json()["items"]
    told = [(x["holder"], x["method"], x["path"], x["status"]) for x in lines]
    assert told == [
        ("nobody", "POST", "/api/v1/jobs", 401),
        ("viewer", "POST", "/api/v1/jobs", 403),
        ("admin", "POST", "/api/v1/jobs", 201),
    ]


def test_name_that_another_site_gave_the_service_is_refused(database, tmp_path):
    with client_of(database, tmp_path, AccessPolicy(hosts=LOOPBACK_NAMES)) as client:
        for other in ("evil.example", "evil.example:8000", "localhost.evil.example", ""):
            assert client.get("/api/v1/jobs", headers={"Host": other}).status_code == 421
        for own in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"):
            assert client.get("/api/v1/jobs", headers={"Host": own}).status_code == 200


def test_change_that_a_page_of_another_site_asks_for_is_refused(database, tmp_path):
    with client_of(database, tmp_path, AccessPolicy(origins=("https://lab.example",))) as client:

        def code(origin: str) -> int:
            answer = client.post("/api/v1/jobs", json=JOB, headers={"Origin": origin})
            return answer.status_code

        assert code("https://evil.example") == 403
        assert code("null") == 403
        assert code("http://testserver") == 201
        assert code("https://lab.example") == 201


def test_cors_is_closed_but_for_the_origins_named(database, tmp_path):
    allowed = "access-control-allow-origin"
    with client_of(database, tmp_path, AccessPolicy()) as closed:
        answer = closed.get("/api/v1/jobs", headers={"Origin": "https://lab.example"})
        assert allowed not in answer.headers
    with client_of(database, tmp_path, AccessPolicy(origins=("https://lab.example",))) as opened:
        for origin, is_allowed in (("https://lab.example", True), ("https://x.example", False)):
            answer = opened.get("/api/v1/jobs", headers={"Origin": origin})
            assert (allowed in answer.headers) == is_allowed


def test_every_answer_has_the_security_headers(database, tmp_path):
    with client_of(database, tmp_path, AccessPolicy()) as client:
        for path in ("/", "/api/v1/jobs", "/api/v1/jobs/none", "/login", "/nowhere"):
            headers = client.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_api_page_needs_no_other_server(database, tmp_path):
    with client_of(database, tmp_path, AccessPolicy()) as client:
        page = client.get("/api/docs").text
        assert "https://" not in page
        assert client.get("/api/docs/assets/swagger-ui-bundle.js").status_code == 200
        assert client.get("/api/docs/assets/swagger-ui.css").status_code == 200
