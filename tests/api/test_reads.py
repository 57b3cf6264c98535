"""How reads are answered: pages, entity tags, compression, and how often the database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from nas.database.trials import list_trials
from tests.api.factories import application
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import add_job, new_loop, run_to_the_end

JOBS = "/api/v1/jobs"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with application(tmp_path_factory.mktemp("reads")) as (client, database):
        yield client, database


@pytest.fixture(scope="module")
def job_id(served) -> str:
    _, database = served
    job_id = add_job(database, trials=6, baselines=["linear"])
    run_to_the_end(new_loop(database, job_id))
    return job_id


@contextmanager
def statements(database) -> Iterator[list[str]]:
    """Collect what is asked of the database, transactions and the watch for changes left out."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT") and "pg_current_snapshot" not in statement:
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_trials_are_paged_sorted_and_filtered_over_http(served, job_id):
    client, _ = served
    url = f"{JOBS}/{job_id}/trials"
    everything = client.get(url).json()
    assert [trial["number"] for trial in everything["items"]] == [0, 1, 2, 3, 4, 5]
    assert everything["next_cursor"] is None
    accuracies = [trial["metrics"]["accuracy"] for trial in everything["items"]]
    query = {"sort": "-metrics.accuracy", "limit": 4, "where": f"accuracy>={min(accuracies)}"}
    first = client.get(url, params=query).json()
    rest = client.get(url, params=query | {"cursor": first["next_cursor"]}).json()
    shown = [t["metrics"]["accuracy"] for page in (first, rest) for t in page["items"]]
    assert shown == sorted(accuracies, reverse=True)
    assert client.get(url, params={"status": ["failed", "pruned"]}).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "query.limit: Input should be greater than or equal to 1"),
        ("limit=1000", "query.limit: Input should be less than or equal to 200"),
        ("sort=beauty", "query.sort: got 'beauty', allowed: number, reward"),
        ("where=accuracy~1", "query.where.0: constraint 'accuracy~1': allowed: METRIC"),
        ("status=asleep", "query.status.0: Input should be 'pending', 'running'"),
        ("cursor=x", "cursor: got 'x', allowed: the `next_cursor`"),
        ("page=2", "query.page: Extra inputs are not permitted"),
    ],
)
def test_bad_query_is_a_problem(served, job_id, query, detail):
    client, _ = served
    answer = client.get(f"{JOBS}/{job_id}/trials?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    "path",
    [
        "jobs",
        "jobs/{job}",
        "jobs/{job}/trials?limit=3",
        "jobs/{job}/best",
        "jobs/{job}/pareto",
        "jobs/{job}/policy",
        "jobs/{job}/artifacts",
        "trials/{trial}",
        "trials/{trial}/metrics",
        "search-spaces",
        "search-spaces/cell",
        "case-studies/resnet-18",
        "samplers",
        "datasets",
    ],
)
def test_unchanged_read_answers_304_in_either_encoding(served, job_id, path):
    client, database = served
    with database.read() as session:
        trial_id = list_trials(session, job_id)[0].id
    url = f"/api/v1/{path.format(job=job_id, trial=trial_id)}"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    zipped = client.get(url, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert plain.status_code == 200
    assert plain.json() == zipped.json()
    assert "content-encoding" not in plain.headers
    assert zipped.headers.get("content-encoding") == ("gzip" if len(plain.content) > 1024 else None)
    tag = plain.headers["etag"]
    assert zipped.headers["etag"] == tag
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        unchanged = client.get(url, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_gzip_that_is_refused_is_not_sent(served):
    client, _ = served
    answer = client.get("/api/v1/search-spaces", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "content-encoding" not in answer.headers


def test_changed_read_has_another_tag_at_once(served):
    client, database = served
    job_id = add_job(database, trials=1)
    url = f"{JOBS}/{job_id}"
    before = client.get(url)
    run_to_the_end(new_loop(database, job_id))
    after = client.get(url, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["trials_done"]) == (200, 1)


def test_unchanged_page_is_not_read_again(served, job_id):
    client, database = served
    url = f"{JOBS}/{job_id}/trials?sort=-accuracy"
    client.get(url)
    with statements(database) as asked:
        for _ in range(5):
            assert client.get(url).status_code == 200
    assert asked == []


def test_number_of_statements_does_not_grow_with_the_rows(database, tmp_path):
    for _ in range(8):
        job_id = add_job(database, baselines=["linear"])
        with database.write() as session:
            for number in range(4):
                changes = {"recipe_json": {}, "reward": 0.5, "loss": 0.5}
                session.add(new_trial(job_id, number, **changes))
    url = database.engine.url.render_as_string(hide_password=False)
    with application(tmp_path, url) as (client, served_database):
        for paths in (
            (f"{JOBS}?limit=1", f"{JOBS}?limit=8"),
            (f"{JOBS}/{job_id}/trials?limit=1", f"{JOBS}/{job_id}/trials?limit=4"),
            (
                f"{JOBS}/{job_id}/trials?sort=-loss&limit=1",
                f"{JOBS}/{job_id}/trials?sort=-loss&limit=3",
            ),
        ):
            counts = []
            for path in paths:
                with statements(served_database) as asked:
                    assert client.get(path).json()["items"]
                counts.append(len(asked))
            assert counts[0] == counts[1] <= 6, paths
