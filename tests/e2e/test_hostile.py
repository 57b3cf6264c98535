"""What attackers would try, against a real server; `pytest -rP` shows what each got."""

from __future__ import annotations

import io
import json
import pickle
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from nas.access import NO_QUOTA, Role
from nas.database import open_database
from nas.database.api_keys import create_key
from nas.ids import utc_now
from tests.e2e.processes import serving

pytestmark = pytest.mark.slow

JOB = {"space": "cell", "sampler": "random", "dataset": "digits", "trials": 2}
SECRET = "the operator's own words"

TRAVERSALS = (
    "../secret.txt",
    "../../../../../../etc/passwd",
    "..%2f..%2fsecret.txt",
    "%2e%2e%2fsecret.txt",
    "....//secret.txt",
    "/etc/passwd",
    "C:\\secret.txt",
    "secret.txt\0.onnx",
    "file:///etc/passwd",
)
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE jobs; --",
    '" OR ""="',
    "1) UNION SELECT secret_hash FROM api_keys --",
    "completed' AND (SELECT 1 FROM pg_sleep(5)) IS NOT NULL --",
)
NAMED_PATHS = (
    "/jobs/{}",
    "/jobs/{}/trials",
    "/jobs/{}/best",
    "/jobs/{}/pareto",
    "/jobs/{}/artifacts",
    "/trials/{}",
    "/trials/{}/metrics",
    "/trials/{}/log",
    "/artifacts/{}",
    "/case-studies/{}",
    "/search-spaces/{}",
)
FILTERED_PATHS = (
    "/jobs?status={}",
    "/jobs?cursor={}",
    "/jobs/JOB/trials?status={}",
    "/jobs/JOB/trials?cursor={}",
    "/jobs/JOB/trials?sort={}",
    "/jobs/JOB/pareto?metrics={}",
    "/audit?cursor={}",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    (home / "secret.txt").write_text(SECRET)
    (home / "data").mkdir()
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[httpx.Client]:
    url = f"sqlite:///{home / 'data' / 'nas.db'}"
    database = open_database(url)
    with database.write() as session:
        _, token = create_key(session, "attacker", Role.ADMIN, NO_QUOTA, utc_now())
    database.close()
    with serving(home / "data", "--no-runner", NAS_AUTH="keys") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def job_id(server: httpx.Client) -> str:
    answer = server.post("/api/v1/jobs", json=JOB)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def note(got: object, attack: str) -> None:
    sys.stdout.write(f"{got}  {attack!r}\n")


def require_refused(attack: str, answer: httpx.Response) -> None:
    """A refusal is a problem document of 4xx that tells nothing of files or of the database."""
    note(answer.status_code, attack)
    assert 400 <= answer.status_code < 500, (attack, answer.status_code, answer.text)
    assert SECRET not in answer.text and "root:" not in answer.text
    assert "Traceback" not in answer.text and "sqlite3" not in answer.text


@pytest.mark.parametrize("path", NAMED_PATHS)
def test_no_name_leads_out_of_its_place(server: httpx.Client, path: str) -> None:
    for name in TRAVERSALS:
        for written in (name, quote(name, safe="")):
            raw = "/api/v1" + path.format(written).replace("\0", "%00").replace("\\", "%5c")
            answer = server.get(raw)
            if path == "/case-studies/{}" and answer.status_code == 200:
                continue
            require_refused(raw, answer)


def test_assets_of_the_api_page_are_those_of_its_package_alone(server: httpx.Client) -> None:
    for name in TRAVERSALS[:4]:
        require_refused(name, server.get(f"/api/docs/assets/{name}"))


@pytest.mark.parametrize("kind", ["folder", "npz", "webdataset"])
def test_data_set_is_read_from_the_data_directory_alone(server: httpx.Client, kind: str) -> None:
    for name in TRAVERSALS:
        attack = f"{kind}:{name}"
        require_refused(attack, server.post("/api/v1/jobs", json=JOB | {"dataset": attack}))


@pytest.mark.parametrize("field", ["space", "sampler", "dataset", "evaluator"])
def test_registries_know_names_and_import_nothing(server: httpx.Client, field: str) -> None:
    for name in (*TRAVERSALS, "os:system", "__import__('os')"):
        require_refused(f"{field}={name}", server.post("/api/v1/jobs", json=JOB | {field: name}))


class _Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_pickled_objects_are_never_opened(server: httpx.Client, home: Path) -> None:
    mark = home / "exploded"
    pickled = pickle.dumps(_Bomb(mark))
    for kind in ("application/octet-stream", "application/json", "application/x-pickle"):
        answer = server.post("/api/v1/jobs", content=pickled, headers={"Content-Type": kind})
        require_refused(f"pickle as {kind}", answer)
    bombs = np.empty(3, dtype=object)
    bombs[:] = [_Bomb(mark)] * 3
    buffer = io.BytesIO()
    np.save(buffer, bombs, allow_pickle=True)
    with zipfile.ZipFile(home / "data" / "bomb.npz", "w") as file:
        for name in ("images.npy", "labels.npy", "x_train.npy", "y_train.npy"):
            file.writestr(name, buffer.getvalue())
    answer = server.post("/api/v1/jobs", json=JOB | {"dataset": "npz:bomb.npz"})
    require_refused("pickles within npz", answer)
    assert not mark.exists()


@pytest.mark.parametrize("path", FILTERED_PATHS)
def test_filters_are_values_and_no_part_of_a_query(
    server: httpx.Client, job_id: str, path: str
) -> None:
    for attack in INJECTIONS:
        answer = server.get("/api/v1" + path.replace("JOB", job_id).format(quote(attack)))
        if answer.status_code == 200:  # a cursor may be any text: it compares, and finds no more
            assert "secret_hash" not in answer.text
            note(200, f"as a value: {attack}")
        else:
            require_refused(attack, answer)
    assert server.get(f"/api/v1/jobs/{job_id}").status_code == 200


def test_huge_and_deep_bodies_are_refused(server: httpx.Client) -> None:
    bodies = {
        "64 MiB of JSON": json.dumps({"name": "x" * 2**26}).encode(),
        "100,000 brackets": b"[" * 100_000,
        "100,000 braces": b'{"space_options":' * 100_000,
        "integer of 10,000 digits": b'{"trials": ' + b"9" * 10_000 + b"}",
        "not a number": b'{"trials": NaN}',
        "infinity": b'{"trials": 1e999}',
        "half a surrogate": b'{"name": "\\ud800"}',
        "no UTF-8": b'{"name": "\xff"}',
    }
    for attack, body in bodies.items():
        answer = server.post(
            "/api/v1/jobs", content=body, headers={"Content-Type": "application/json"}
        )
        require_refused(attack, answer)


@pytest.mark.parametrize("header", ["Idempotency-Key", "Last-Event-ID", "X-Request-ID", "Host"])
def test_header_cannot_bring_another_header_with_it(server: httpx.Client, header: str) -> None:
    address = (server.base_url.host, server.base_url.port)
    request = (
        f"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n{header}: a\r\n\r\n"
        f"Set-Cookie: injected=1\r\n\r\n"
    )
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(65536).decode(errors="replace")
    note(answer.splitlines()[0], header)
    assert "injected" not in answer


def test_text_of_a_user_is_kept_as_text(server: httpx.Client) -> None:
    for name in ("a\r\nSet-Cookie: injected=1", "<script>alert(1)</script>", "../../x"):
        answer = server.post("/api/v1/jobs", json=JOB | {"name": name})
        note(answer.status_code, name)
        if answer.status_code == 201:
            assert answer.json()["name"] == name
            assert "injected" not in str(answer.headers)
        else:
            require_refused(name, answer)
