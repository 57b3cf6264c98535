"""Both clients against a service that listens, and whatever breaks between the two."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time

import httpx
import pytest

from api.access.policy import AccessPolicy
from nas.access import NO_QUOTA, Role
from nas.artifacts import open_store, record_artifact
from nas.client import AsyncClient, AsyncJob, Client, Job
from nas.client.answers import seconds_to_wait
from nas.database.api_keys import create_key
from nas.database.jobs import JobRow, list_jobs
from nas.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ServerUnavailableError,
)
from nas.ids import utc_now
from nas.job_events import EventName
from nas.status import JobStatus, TrialStatus
from tests.api.factories import listening, settings_of
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job, new_loop, new_spec, run_to_the_end


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def served(directory):
    with listening(directory) as found:
        yield found


@pytest.fixture(scope="module")
def url(served) -> str:
    return served[0]


@pytest.fixture(scope="module")
def database(served):
    return served[1]


@pytest.fixture
def client(url):
    with Client(url) as client:
        yield client


@pytest.fixture(scope="module")
def ended(database) -> str:
    """A completed job of seven trials, one of them failed."""
    job_id = add_job(database, name="<script>alert(1)</script>", trials=7)
    with database.write() as session:
        for number in range(7):
            failed = number == 3
            session.add(
                new_trial(
                    job_id,
                    number,
                    status=TrialStatus.FAILED if failed else TrialStatus.COMPLETED,
                    accuracy=None if failed else number / 10,
                    reward=None if failed else number / 10,
                    error="<b>diverged</b>" if failed else None,
                    recipe_json={},
                )
            )
        session.get_one(JobRow, job_id).status = JobStatus.COMPLETED
    return job_id


def run_next(database) -> threading.Thread:
    """Play the runner for the next job that is queued."""

    def run() -> None:
        while True:
            with database.read() as session:
                queued = list_jobs(session, statuses=[JobStatus.QUEUED])
            if queued:
                break
            time.sleep(0.05)
        with database.write() as session:
            session.get_one(JobRow, queued[0].id).status = JobStatus.RUNNING
        run_to_the_end(new_loop(database, queued[0].id, data=queued[0].id))
        with database.write() as session:
            session.get_one(JobRow, queued[0].id).status = JobStatus.COMPLETED

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_submitted_job_is_waited_for_with_a_progress_bar(client, database, capsys):
    runner = run_next(database)
    job = client.submit(new_spec(trials=3), name="mine").wait()
    runner.join()
    assert (job.status, job.view.trials_done, job.view.name) == ("completed", 3, "mine")
    assert job.best.metrics.accuracy == max(t.metrics.accuracy for t in job.trials())
    assert "3/3" in capsys.readouterr().out
    assert job.wait(progress=False).status == "completed"


def test_same_submission_is_one_job(client, database):
    jobs = [client.submit(new_spec(), idempotency_key="once") for _ in range(2)]
    assert jobs[0].id == jobs[1].id
    assert jobs[0].stop().status == "stopped"
    assert jobs[0].resume().status == "queued"
    with pytest.raises(ConflictError, match="is queued; stop it first"):
        jobs[0].delete()
    jobs[0].stop().delete()
    with pytest.raises(NotFoundError):
        jobs[0].refresh()


def test_pages_are_followed_to_the_end(client, ended):
    assert ended in {job.id for job in client.jobs(limit=1)}
    numbers = [trial.number for trial in client.trials(ended, sort="-accuracy", limit=2)]
    assert numbers == [6, 5, 4, 2, 1, 0, 3]
    chosen = client.job(ended).trials(where=["accuracy>=0.5"], status=["completed"])
    assert [trial.number for trial in chosen] == [5, 6]


def test_everything_of_a_job_is_read(client, database, directory, ended, tmp_path):
    job = client.job(ended)
    trial = client.trial(job.best.id)
    assert (trial, trial.number) == (job.best, 6)
    assert client.metrics(trial.id) == []
    assert job.policy().items == []
    assert {member.number for member in job.pareto().front} == {6}
    assert [part.text for part in client.log(trial.id, follow=True)] == [""]
    file = tmp_path / "weights"
    file.write_bytes(b"\x00" * 300_000)
    store = open_store(settings_of(directory))
    with database.write() as session:
        record_artifact(session, store, file, job_id=ended, kind="weights", details={})
    (artifact,) = job.artifacts()
    assert client.download(artifact.id, tmp_path / "copy").read_bytes() == file.read_bytes()
    assert "cell" in {space.name for space in client.search_spaces()}
    assert "digits" in {data.name for data in client.datasets()}
    resnet = next(study for study in client.case_studies() if study.name == "resnet-18")
    view = client.analyze(resnet.architecture, input=(3, 224, 224), num_classes=1000)
    assert view.total.params == resnet.params


def test_errors_are_those_of_the_service(client, ended):
    with pytest.raises(InvalidInputError, match="space: no search space 'nope'"):
        client.submit(space="nope", sampler="rl", dataset="digits")
    with pytest.raises(InvalidInputError, match="sort: got 'beauty'"):
        list(client.trials(ended, sort="beauty"))
    with pytest.raises(NotFoundError):
        client.job("../jobs")
    with pytest.raises(NotFoundError):
        list(client.events("none"))
    with pytest.raises(ConflictError, match="allowed: one that failed or ran out of memory"):
        client.retry_trial(next(client.trials(ended)).id)


@pytest.mark.parametrize("address", ["ftp://x", "localhost:8000", "http://"])
def test_address_that_is_none_is_refused(address, monkeypatch):
    monkeypatch.delenv("NAS_API_URL", raising=False)
    with pytest.raises(InvalidInputError, match="allowed: http://HOST:PORT or https://HOST"):
        Client(address)
    with pytest.raises(InvalidInputError, match="or set NAS_API_URL"):
        Client()


def test_service_that_is_not_there_or_is_another_is_named(monkeypatch):
    monkeypatch.setattr("nas.client.synchronous.FIRST_PAUSE_SECONDS", 0.001)
    with pytest.raises(ServerUnavailableError, match=r"service http://127\.0\.0\.1:9: "):
        Client("http://127.0.0.1:9").job("x")
    other = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>Bad gateway"))
    with pytest.raises(ServerUnavailableError, match="answered 502"):
        Client("http://proxy", transport=other).job("x")


def test_key_is_shown_and_a_wrong_one_is_refused(tmp_path, monkeypatch):
    with listening(tmp_path, AccessPolicy(needs_key=True)) as (url, database):
        with pytest.raises(AccessDeniedError, match="send Authorization: Bearer KEY"):
            list(Client(url).jobs())
        with database.write() as session:
            _, viewer = create_key(session, "v", Role.VIEWER, NO_QUOTA, utc_now())
        monkeypatch.setenv("NAS_API_KEY", str(viewer))
        with Client(url) as client:
            assert list(client.jobs()) == []
            with pytest.raises(AccessDeniedError, match="role viewer"):
                client.submit(new_spec())


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "2"}, 2.0),
        (429, {"Retry-After": "3600"}, None),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        (429, {}, None),
        (503, {"Retry-After": "2"}, None),
    ],
)
def test_key_that_asked_too_often_waits_as_long_as_it_is_told(status, headers, seconds):
    assert seconds_to_wait(httpx.Response(status, headers=headers)) == seconds


class Cut(httpx.HTTPTransport):
    """Breaks the first streams off after so many bytes."""

    def __init__(self, *cuts: int) -> None:
        super().__init__()
        self.cuts = list(cuts)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.url.path.endswith("/events") and self.cuts:
            response.stream = CutStream(response.stream, self.cuts.pop(0))
        return response


class CutStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, left: int) -> None:
        self.stream, self.left = stream, left

    def __iter__(self):
        for part in self.stream:
            yield part[: self.left]
            self.left -= len(part)
            if self.left <= 0:
                raise httpx.ReadError("connection reset")

    def close(self) -> None:
        self.stream.close()


def test_broken_stream_of_events_goes_on_where_it_was(url, client, ended, monkeypatch):
    monkeypatch.setattr("nas.client.synchronous.FIRST_PAUSE_SECONDS", 0.001)
    whole = list(client.events(ended))
    assert [event.name for event in whole] == [EventName.TRIAL] * 7 + [
        EventName.JOB,
        EventName.END,
    ]
    for cuts in ((900,), (10, 1200, 2000), (1,)):
        with Client(url, transport=Cut(*cuts)) as cut:
            told = [event for event in cut.events(ended) if event.name is not EventName.END]
            assert told == whole[:-1], cuts
    with Client(url, transport=Cut(*[0] * 9)) as cut, pytest.raises(ServerUnavailableError):
        list(cut.events(ended))


def test_notebook_shows_a_job_with_whatever_a_user_wrote_escaped(client, ended):
    html = client.job(ended)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "60.00%" in html
    assert 'value="1.0000"' in html


def test_awaited_client_does_the_same(url, database, ended):
    async def use() -> None:
        async with AsyncClient(url) as client:
            runner = run_next(database)
            job = await (await client.submit(new_spec(trials=2))).wait(progress=False)
            runner.join()
            assert job.status == "completed"
            numbers = [t.number async for t in client.trials(ended, sort="-accuracy", limit=3)]
            assert numbers == [6, 5, 4, 2, 1, 0, 3]
            assert len([event async for event in client.events(ended)]) == 9
            with pytest.raises(NotFoundError):
                await client.job("none")
            assert "completed" in job._repr_html_()

    asyncio.run(use())


@pytest.mark.parametrize(("one", "other"), [(Client, AsyncClient), (Job, AsyncJob)])
def test_clients_have_the_same_methods_with_the_same_parameters(one, other):
    def surface(kind: type) -> dict[str, list[str]]:
        return {
            name: [] if isinstance(member, property) else list(inspect.signature(member).parameters)
            for name, member in vars(kind).items()
            if not name.startswith("__") and (callable(member) or isinstance(member, property))
        }

    assert surface(one) == surface(other)
