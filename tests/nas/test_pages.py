from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nas.cursor import read_cursor, write_cursor
from nas.database.trial_pages import TRIAL_SORTS
from nas.errors import InvalidInputError, NotFoundError
from nas.metrics import METRICS
from nas.pages import JobQuery, TrialQuery, job_page, trial_page
from nas.status import JobStatus, TrialStatus
from tests.nas.database.test_trials import new_trial
from tests.nas.factories import NOON, add_job

ACCURACIES = [0.5, None, 0.9, 0.7, 0.9, None, 0.1]
RECIPE = {"optimizer": "sgd"}


@pytest.fixture
def job_id(database):
    job_id = add_job(database)
    with database.write() as session:
        for number, accuracy in enumerate(ACCURACIES):
            session.add(
                new_trial(
                    job_id,
                    number,
                    status=TrialStatus.FAILED if accuracy is None else TrialStatus.COMPLETED,
                    accuracy=accuracy,
                    params=10 * (number % 3),
                    recipe_json=RECIPE,
                    figures_json={"latency_ms": 7.0 - number, "depth": 3.0} if number else None,
                    started_at=NOON if number % 2 else None,
                )
            )
    return job_id


def numbers(database, job_id, limit: int = 50, **query) -> list[int]:
    """Go through all pages."""
    found: list[int] = []
    cursor = None
    for _ in range(20):
        with database.read() as session:
            page = trial_page(session, job_id, TrialQuery(cursor=cursor, limit=limit, **query))
        assert len(page.items) <= limit
        found += [trial.number for trial in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_of_any_size_have_each_trial_once_and_in_order(database, job_id, limit):
    expected = {
        "number": [0, 1, 2, 3, 4, 5, 6],
        "-number": [6, 5, 4, 3, 2, 1, 0],
        "-accuracy": [2, 4, 3, 0, 6, 1, 5],
        "metrics.accuracy": [6, 0, 3, 2, 4, 1, 5],
        "params": [0, 3, 6, 1, 4, 2, 5],
        "latency_ms": [6, 5, 4, 3, 2, 1, 0],
        "-started_at": [1, 3, 5, 0, 2, 4, 6],
        "score": [0, 1, 2, 3, 4, 5, 6],
    }
    for sort, order in expected.items():
        assert numbers(database, job_id, limit, sort=sort) == order, sort


def test_trials_are_filtered_by_status_and_by_metrics_before_they_are_paged(database, job_id):
    failed = [TrialStatus.FAILED]
    assert numbers(database, job_id, 1, status=failed) == [1, 5]
    assert numbers(database, job_id, 1, status=[*failed, TrialStatus.COMPLETED]) == [*range(7)]
    assert numbers(database, job_id, 2, where=["accuracy>=0.7"], sort="-accuracy") == [2, 4, 3]
    assert numbers(database, job_id, where=["latency_ms<4", "params>0"]) == [4, 5]
    assert numbers(database, job_id, where=["accuracy>0.9"]) == []


def test_every_metric_can_be_sorted_by(database, job_id):
    assert set(TRIAL_SORTS) >= set(METRICS)
    for sort in TRIAL_SORTS:
        assert sorted(numbers(database, job_id, 3, sort=f"-{sort}")) == [*range(7)], sort


def test_page_goes_on_behind_what_was_added_meanwhile(database, job_id):
    with database.read() as session:
        first = trial_page(session, job_id, TrialQuery(sort="-accuracy", limit=3))
    with database.write() as session:
        session.add(new_trial(job_id, 7, accuracy=0.95, recipe_json=RECIPE))
        session.add(new_trial(job_id, 8, accuracy=0.6, recipe_json=RECIPE))
    with database.read() as session:
        query = TrialQuery(sort="-accuracy", limit=3, cursor=first.next_cursor)
        assert [t.number for t in trial_page(session, job_id, query).items] == [8, 0, 6]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"sort": "beauty"}, "got 'beauty', allowed: number, reward, "),
        ({"where": ["beauty>1"]}, "allowed: METRIC OPERATOR NUMBER"),
        ({"where": ["params>1"] * 17}, "at most 16 items"),
        ({"limit": 201}, "less than or equal to 200"),
        ({"limits": 5}, "Extra inputs are not permitted"),
    ],
)
def test_bad_query_says_what_is_allowed(query, message):
    with pytest.raises(ValidationError, match=message):
        TrialQuery(**query)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ü",
        "/etc/passwd",
        "A" * 2000,
        write_cursor("trials -accuracy", 0.5, 1),
        write_cursor("trials accuracy", 0.5),
        write_cursor("trials accuracy", 0.5, "1; DROP TABLE trials"),
        write_cursor("trials accuracy", "high", 1),
        write_cursor("trials accuracy", float("nan"), 1),
        write_cursor("trials accuracy", 10**40, 1),
        write_cursor("jobs", "x"),
    ],
)
def test_cursor_that_was_not_given_out_for_the_order_is_refused(database, job_id, cursor):
    with database.read() as session, pytest.raises(InvalidInputError, match="cursor: got "):
        trial_page(session, job_id, TrialQuery(sort="accuracy", cursor=cursor))


def test_pages_of_an_unknown_job_are_not_found(database):
    with database.read() as session, pytest.raises(NotFoundError):
        trial_page(session, "none", TrialQuery())


def test_jobs_are_paged_newest_first_and_filtered_by_statuses(database):
    made = [add_job(database) for _ in range(5)]
    with database.read() as session:
        first = job_page(session, JobQuery(limit=2))
        second = job_page(session, JobQuery(limit=2, cursor=first.next_cursor))
        last = job_page(session, JobQuery(limit=2, cursor=second.next_cursor))
        assert last.next_cursor is None
        shown = [job.id for page in (first, second, last) for job in page.items]
        assert shown == made[::-1]
        assert job_page(session, JobQuery(status=[JobStatus.FAILED])).items == []
        with pytest.raises(InvalidInputError, match="cursor: got "):
            job_page(session, JobQuery(cursor=write_cursor("jobs", "' OR 1=1")))


@given(st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_cursor_is_read_back_to_the_last_digit(listing, value, number):
    assert read_cursor(write_cursor(listing, value, number), listing, 2) == [value, number]


@given(st.text())
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidInputError):
        read_cursor(text, "trials number", 2)
