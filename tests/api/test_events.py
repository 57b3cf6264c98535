"""A job's events: what is told, in which order, and how a client goes on."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest

from nas.artifacts import ArtifactStore
from nas.database.jobs import JobRow
from nas.database.trials import list_trials
from nas.deletion import delete_trial
from nas.job_events import read_changes
from nas.status import JobStatus
from tests.api.factories import application, listening
from tests.nas.factories import NOON, add_job, finish, new_loop, run_to_the_end


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with application(tmp_path_factory.mktemp("events")) as (client, database):
        yield client, database


def url(job_id: str) -> str:
    return f"/api/v1/jobs/{job_id}/events"


def events_of(text: str) -> list[tuple[int, str, dict]]:
    """Take a stream apart: id, name, data."""
    found = []
    for block in text.strip().split("\n\n"):
        if block.startswith(":"):
            continue
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def set_status(database, job_id: str, status: JobStatus) -> None:
    with database.write() as session:
        session.get_one(JobRow, job_id).status = status


@pytest.fixture
def ended(served) -> str:
    _, database = served
    job_id = add_job(database, trials=4)
    run_to_the_end(new_loop(database, job_id))
    set_status(database, job_id, JobStatus.COMPLETED)
    return job_id


def test_whole_job_is_told_and_the_stream_ends(served, ended):
    client, _ = served
    answer = client.get(url(ended))
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [name for _, name, _ in events] == ["trial"] * 4 + ["job", "end"]
    ids = [id_ for id_, _, _ in events]
    assert ids == sorted(ids)
    assert [data["number"] for _, name, data in events if name == "trial"] == [0, 1, 2, 3]
    last = events[-1][2]
    assert (last["status"], last["trials_done"]) == ("completed", 4)
    assert last["best"]["metrics"]["accuracy"] == max(
        data["metrics"]["accuracy"] for _, name, data in events if name == "trial"
    )


def test_client_goes_on_after_any_event_without_gap_or_repetition(served, ended):
    client, _ = served
    events = events_of(client.get(url(ended)).text)
    for count, (id_, _, _) in enumerate(events[:-2], 1):
        again = client.get(url(ended), headers={"Last-Event-ID": str(id_)})
        assert events_of(again.text) == events[count:]
    newest = events[-1][0]
    assert client.get(f"/api/v1/jobs/{ended}").json()["last_event_id"] == newest
    for query in (f"?after={newest}", f"?after={newest + 100}"):
        assert client.get(url(ended) + query).status_code == 204


def test_deleted_trial_is_told_of(served, ended, tmp_path):
    client, database = served
    seen = events_of(client.get(url(ended)).text)[-1][0]
    with database.read() as session:
        trial = list_trials(session, ended)[1]
    store = ArtifactStore(f"file://{tmp_path}")
    delete_trial(database, store, tmp_path, trial.id, NOON)
    events = events_of(client.get(url(ended), headers={"Last-Event-ID": str(seen)}).text)
    assert [name for _, name, _ in events] == ["trial-deleted", "job", "end"]
    assert (events[0][2]["id"], events[0][2]["number"]) == (trial.id, 1)
    assert events[1][2]["trials_done"] == 3


def test_running_job_is_followed_until_it_ends(served):
    client, database = served
    job_id = add_job(database, trials=3)
    set_status(database, job_id, JobStatus.RUNNING)
    loop = new_loop(database, job_id, data="others, so that nothing is known of it")
    finish(loop, loop.next_task())

    def go_on():
        time.sleep(0.5)
        finish(loop, loop.next_task())
        time.sleep(0.5)
        finish(loop, loop.next_task())
        set_status(database, job_id, JobStatus.COMPLETED)

    worker = threading.Thread(target=go_on)
    worker.start()
    events = events_of(client.get(url(job_id)).text)
    worker.join()
    numbers = [data["number"] for _, name, data in events if name == "trial"]
    assert numbers[0] == 0 and set(numbers) == {0, 1, 2}
    ids = [id_ for id_, name, _ in events if name != "end"]
    assert ids == sorted(set(ids))
    assert events[-1][1] == "end"
    assert events[-1][2]["trials_by_status"] == {"completed": 3}


def test_stream_ends_when_its_job_is_deleted(served):
    client, database = served
    job_id = add_job(database)

    def stop_and_delete():
        time.sleep(0.3)
        with database.write() as session:
            session.delete(session.get_one(JobRow, job_id))

    worker = threading.Thread(target=stop_and_delete)
    worker.start()
    events = events_of(client.get(url(job_id)).text)
    worker.join()
    assert [name for _, name, _ in events] == ["job"]


def test_long_history_is_told_in_parts(served):
    client, database = served
    job_id = add_job(database, trials=7)
    run_to_the_end(new_loop(database, job_id))
    set_status(database, job_id, JobStatus.STOPPED)
    whole = events_of(client.get(url(job_id)).text)
    told, after = [], 0
    while True:
        with database.read() as session:
            changes = read_changes(session, job_id, after, limit=2)
        told += [(event.id, event.name.value) for event in changes.events]
        after = changes.last
        if changes.is_all:
            break
    assert told == [(id_, name) for id_, name, _ in whole if name != "end"]


def test_bad_ids_of_events_are_problems(served, ended):
    client, _ = served
    for headers, query in (({"Last-Event-ID": "x"}, ""), ({}, "?after=-1")):
        answer = client.get(url(ended) + query, headers=headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_server_that_is_to_stop_ends_its_streams(tmp_path):
    told: list[str] = []

    def follow(address: str) -> None:
        with httpx.stream("GET", address, timeout=60) as answer:
            told.extend(answer.iter_lines())

    with listening(tmp_path) as (address, database):
        follower = threading.Thread(target=follow, args=(address + url(add_job(database)),))
        follower.start()
        while not told:
            time.sleep(0.05)
    follower.join(timeout=30)
    assert not follower.is_alive()
    assert [line for line in told if line.startswith("event: ")] == ["event: job"]
