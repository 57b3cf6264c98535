"""What docker-compose.yml and the image promise, read from the files."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from deploy.compose_file import COMPOSE_FILE, ROOT, ComposeError, read_services

PASSWORD = {"POSTGRES_PASSWORD": "secret"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return read_services(COMPOSE_FILE, PASSWORD)


def test_compose_itself_accepts_the_file() -> None:
    program = shutil.which("docker")
    has_plugin = (
        program
        and not subprocess.run(
            [program, "compose", "version"], capture_output=True, check=False
        ).returncode
    )
    if not has_plugin:
        pytest.skip("docker's compose plugin is not installed")
    for profile in ("cpu", "gpu"):
        checked = subprocess.run(
            ["docker", "compose", "-f", str(COMPOSE_FILE), "--profile", profile, "config", "-q"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", **PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


def test_no_password_has_a_default() -> None:
    for given in ({}, {"POSTGRES_PASSWORD": ""}):
        with pytest.raises(ComposeError, match="POSTGRES_PASSWORD: set POSTGRES_PASSWORD"):
            read_services(COMPOSE_FILE, given)
    assert not re.search(r"\$\{\w+:?-", COMPOSE_FILE.read_text())


def test_ports_are_published_on_loopback_alone(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8000:8000"]}


def test_every_service_that_others_wait_for_can_be_waited_for(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        for needed, wish in service.get("depends_on", {}).items():
            assert needed in services, name
            if wish["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], needed
            else:
                assert wish["condition"] == "service_completed_successfully"
                assert services[needed]["restart"] == "on-failure"


def test_workers_come_by_profile_and_only_those_of_the_gpu_profile_reserve_devices(
    services: dict[str, dict[str, Any]],
) -> None:
    by_profile = {
        name: service["profiles"] for name, service in services.items() if "profiles" in service
    }
    assert by_profile == {"ray-worker": ["cpu"], "ray-worker-gpu": ["gpu"]}
    reserving = {
        name: service["deploy"] for name, service in services.items() if "deploy" in service
    }
    (device,) = reserving.pop("ray-worker-gpu")["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert reserving == {}


def test_nodes_that_train_share_the_artefacts_and_do_not_learn_the_database(
    services: dict[str, dict[str, Any]],
) -> None:
    for name in ("api", "runner", "ray-worker", "ray-worker-gpu"):
        assert services[name]["volumes"] == ["artifacts:/data"]
        assert services[name]["environment"]["NAS_DATA_DIR"] == "/data"
    for name in ("ray-head", "ray-worker", "ray-worker-gpu"):
        assert "NAS_DATABASE_URL" not in services[name]["environment"]


def test_image_ends_as_a_user_without_rights_and_holds_every_package() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_user = [line.split()[1] for line in lines if line.startswith("USER ")][-1]
    assert last_user not in ("root", "0")
    copied = {line.split()[1] for line in lines if re.match(r"COPY \w+ \w+$", line)}
    wanted = yaml.safe_load(
        re.search(
            r"\[tool.setuptools.packages.find\]\ninclude = (\[.*\])",
            (ROOT / "pyproject.toml").read_text(),
        )[1]  # type: ignore[index]
    )
    assert copied == {name.rstrip("*") for name in wanted}
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    assert copied | {"pyproject.toml", "README.md", "LICENSE"} == let_in
    assert all((ROOT / name).exists() for name in let_in)
