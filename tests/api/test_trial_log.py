"""A trial's log over HTTP and on the command line, while it is written and afterwards."""

from __future__ import annotations

import json
import threading
import time

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli.app import run
from nas.database.trials import TrialRow
from nas.layout import TRIAL_LOG_NAME, trial_directory
from nas.settings import load_settings
from nas.status import TrialStatus
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job, new_database


@pytest.fixture
def settings(tmp_path):
    return load_settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'nas.db'}",
        artifact_dir=tmp_path / "artifacts",
    )


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def client(database, settings):
    with TestClient(create_app(database, settings)) as client:
        yield client


@pytest.fixture
def trial(database, settings):
    """A running trial with a log that can be written to."""
    job_id = add_job(database)
    with database.write() as session:
        row = new_trial(job_id, 0, status=TrialStatus.RUNNING, epochs_done=1)
        session.add(row)
        session.flush()
        trial_id = row.id
    directory = trial_directory(settings.artifact_dir, job_id, trial_id)
    directory.mkdir(parents=True)
    return trial_id, directory / TRIAL_LOG_NAME


def end(database, trial_id: str, status: TrialStatus, error: str | None = None) -> None:
    with database.write() as session:
        row = session.get_one(TrialRow, trial_id)
        row.status, row.error = status, error


def test_log_is_read_in_parts_of_whole_lines(client, database, trial):
    trial_id, path = trial
    url = f"/api/v1/trials/{trial_id}/log"
    assert client.get(url).json()["text"] == ""  # no worker has it yet
    path.write_text("first: µ\nsecond", encoding="utf-8")
    part = client.get(url).json()
    assert (part["text"], part["next_offset"]) == ("first: µ\n", 10)
    assert (part["status"], part["is_complete"]) == ("running", False)
    end(database, trial_id, TrialStatus.FAILED, "diverged at epoch 2")
    part = client.get(url, params={"offset": 10}).json()
    assert (part["text"], part["error"]) == ("second", "diverged at epoch 2")
    last = client.get(url, params={"offset": part["next_offset"]}).json()
    assert (last["text"], last["is_complete"]) == ("", True)


def test_line_longer_than_a_part_is_cut_between_characters(client, database, trial):
    trial_id, path = trial
    path.write_text("x" + "µ" * 1000, encoding="utf-8")
    end(database, trial_id, TrialStatus.COMPLETED)
    text, offset = "", 0
    for _ in range(4):
        query = {"offset": offset, "limit": 1024}
        part = client.get(f"/api/v1/trials/{trial_id}/log", params=query).json()
        text, offset = text + part["text"], part["next_offset"]
    assert text == "x" + "µ" * 1000


def test_bad_offsets_and_unknown_trials_are_problems(client, trial):
    assert client.get("/api/v1/trials/nope/log").status_code == 404
    assert client.get("/api/v1/trials/nope/log/events").status_code == 404
    answer = client.get(f"/api/v1/trials/{trial[0]}/log?offset=-1")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.offset")


def test_answered_trial_shows_the_log_of_the_evaluation_that_answered_it(client, database, trial):
    trial_id, path = trial
    path.write_text("trained here\n")
    job_id = add_job(database)
    with database.write() as session:
        row = new_trial(job_id, 0, cached_from=trial_id)
        session.add(row)
        session.flush()
        answered = row.id
    assert client.get(f"/api/v1/trials/{answered}/log").json()["text"] == "trained here\n"


def events_of(text: str) -> list[tuple[str, int, dict]]:
    """Take a stream of server-sent events apart: name, id, data."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], int(fields["id"]), json.loads(fields["data"])))
    return found


def write_and_end(database, trial_id: str, path) -> None:
    """Go on with the log from another thread, as a worker would, and end the trial."""
    time.sleep(0.2)
    with path.open("a") as file:
        file.write("epoch 2\n")
    end(database, trial_id, TrialStatus.PRUNED, "below 0.5 at epoch 2")


def test_log_is_followed_until_the_trial_has_ended(client, database, trial):
    trial_id, path = trial
    path.write_text("epoch 1\n")
    worker = threading.Thread(target=write_and_end, args=(database, *trial))
    worker.start()
    answer = client.get(f"/api/v1/trials/{trial_id}/log/events")
    worker.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    names = [name for name, _, _ in events]
    assert (set(names[:-1]), names[-1]) == ({"log"}, "end")
    assert "".join(data["text"] for _, _, data in events) == "epoch 1\nepoch 2\n"
    assert events[-1][2]["error"] == "below 0.5 at epoch 2"
    again = client.get(
        f"/api/v1/trials/{trial_id}/log/events", headers={"Last-Event-ID": str(len("epoch 1\n"))}
    )
    assert [data["text"] for _, _, data in events_of(again.text)] == ["epoch 2\n", ""]


def test_command_line_shows_and_follows_the_log(database, settings, trial, monkeypatch, capsys):
    for name in ("data_dir", "database_url", "artifact_dir"):
        monkeypatch.setenv(f"NAS_{name.upper()}", str(getattr(settings, name)))
    trial_id, path = trial
    path.write_text("epoch 1\n")
    assert run(["logs", trial_id]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("epoch 1\n", f"trial {trial_id} is running\n")
    worker = threading.Thread(target=write_and_end, args=(database, *trial))
    worker.start()
    assert run(["logs", trial_id, "--follow"]) == 0
    worker.join()
    shown = capsys.readouterr()
    assert shown.out == "epoch 1\nepoch 2\n"
    assert shown.err == f"trial {trial_id} is pruned: below 0.5 at epoch 2\n"
    assert run(["logs", trial_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "epoch 1\nepoch 2\n"
    assert run(["logs", "nope"]) == 2
    assert capsys.readouterr().err == "nas: error: no trial 'nope'\n"
