from __future__ import annotations

from pathlib import Path

import pytest

from nas.errors import InvalidInputError
from nas.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"NAS_{name.upper()}", raising=False)


def test_database_and_artefacts_lie_in_the_data_directory(tmp_path):
    settings = load_settings(data_dir=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'nas.db'}"
    assert settings.artifact_dir == tmp_path / "artifacts"
    assert settings.ray_address is None


def test_environment_is_read_and_an_override_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path / "env"))
    monkeypatch.setenv("NAS_DATABASE_URL", "postgresql://host/name")
    monkeypatch.setenv("NAS_LEASE_SECONDS", "7.5")
    settings = load_settings(data_dir=tmp_path / "given", database_url=None)
    assert settings.data_dir == tmp_path / "given"
    assert settings.database_url == "postgresql://host/name"
    assert settings.lease_seconds == 7.5


def test_empty_variables_count_as_unset(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_DATABASE_URL", "")
    monkeypatch.setenv("NAS_ARTIFACT_DIR", "")
    settings = load_settings(data_dir=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'nas.db'}"
    assert settings.artifact_dir == tmp_path / "artifacts"


def test_directories_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert load_settings(data_dir="here").data_dir == tmp_path / "here"
    assert load_settings(data_dir="~/x").data_dir == tmp_path / "home" / "x"
    assert load_settings(artifact_dir=Path("files")).artifact_dir == tmp_path / "files"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf", "nan"])
def test_bad_value_names_the_variable_and_what_was_given(monkeypatch, value):
    monkeypatch.setenv("NAS_LEASE_SECONDS", value)
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert str(caught.value).startswith("settings: NAS_LEASE_SECONDS: Input should")
    assert f"(got '{value}')" in str(caught.value)


@pytest.mark.parametrize("value", ["auto", "10.0.0.7:6379", "ray-head:6379", "[::1]:6379"])
def test_address_of_a_cluster_is_taken(tmp_path, value):
    assert load_settings(data_dir=tmp_path, ray_address=value).ray_address == value


def test_empty_address_counts_as_unset(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_RAY_ADDRESS", "")
    assert load_settings(data_dir=tmp_path).ray_address is None


@pytest.mark.parametrize("value", ["ray-head", "host:0", "host:70000", "a b:1", "http://h:1"])
def test_what_is_no_address_is_refused(tmp_path, value):
    with pytest.raises(InvalidInputError) as caught:
        load_settings(data_dir=tmp_path, ray_address=value)
    assert str(caught.value) == (
        f"settings: NAS_RAY_ADDRESS: got {value!r}, allowed: HOST:PORT of the cluster's head, "
        "or auto"
    )


def test_client_address_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InvalidInputError, match="a Ray Client would run the search on the head"):
        load_settings(data_dir=tmp_path, ray_address="ray://head:10001")
