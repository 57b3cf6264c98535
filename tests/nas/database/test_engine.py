from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from nas.database import connect, open_database, upgrade_database
from nas.database.jobs import JobRow, create_job, find_or_raise_job, list_jobs, lock_job
from nas.errors import DatabaseUnavailableError, InvalidInputError, NotFoundError
from tests.nas.factories import NOON, add_job, new_database, new_spec


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "database_url: got ''"),
        ("nonsense", "database_url: got 'nonsense', allowed: an SQLAlchemy URL such as sqlite"),
        ("mysql://bob:geheim@host/db", "database_url: got 'mysql', allowed: sqlite, postgresql"),
        ("postgresql//bob:geheim@host/db", r"database_url: got 'postgresql//bob:\*\*\*@host/db'"),
        ("postgresql://bob:geheim@host:port/db", "database_url: got "),
        ("postgresql+nope://bob:geheim@host/db", "database_url: "),
        ("sqlite://", "database_url: SQLite needs a file"),
        ("sqlite:///:memory:", "database_url: SQLite needs a file"),
    ],
)
def test_text_that_is_no_usable_url_is_refused_in_one_line(url, message):
    for function in (open_database, upgrade_database):
        with pytest.raises(InvalidInputError, match=message) as caught:
            function(url)
        assert "geheim" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:geheim@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=bob&password=geheim",
    ],
)
def test_unreachable_server_is_told_in_one_line_without_the_password(url):
    pytest.importorskip("psycopg")
    for function in (open_database, upgrade_database):
        with pytest.raises(DatabaseUnavailableError, match=r"^database postgresql") as caught:
            function(url)
        assert "geheim" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)


def test_path_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    (tmp_path / "garbage.db").write_text("not a database " * 1000)
    for path in (tmp_path / "file" / "nas.db", tmp_path, tmp_path / "garbage.db"):
        with pytest.raises(DatabaseUnavailableError, match=f"^database sqlite:///{path}: ") as no:
            open_database(f"sqlite:///{path}")
        assert "\n" not in str(no.value)


def test_embedded_file_and_its_directory_are_made(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'new' / 'place' / 'nas.db'}")
    add_job(database)
    assert (tmp_path / "new" / "place" / "nas.db").exists()
    assert database.display_url.endswith("nas.db")
    database.close()


def test_display_url_hides_the_password():
    pytest.importorskip("psycopg")
    for url in ("postgresql://bob:geheim@host/db", "postgresql://host/db?password=geheim"):
        assert "geheim" not in connect(url).display_url


def test_failed_write_leaves_nothing_behind(database):
    with pytest.raises(NotFoundError), database.write() as session:
        create_job(session, new_spec(), NOON)
        find_or_raise_job(session, "nope")
    with database.read() as session:
        assert list_jobs(session) == []


def test_read_does_not_commit(database):
    with database.read() as session:
        create_job(session, new_spec(), NOON)
    with database.read() as session:
        assert list_jobs(session) == []


def test_two_threads_writing_at_once_lose_nothing(database):
    """Each write reads first and adds one: without a lock on what is read, some would be lost."""
    job_id = add_job(database)
    errors = []

    def count() -> None:
        try:
            for _ in range(40):
                with database.write() as session:
                    job = lock_job(session, job_id)
                    job.final_epoch += 1
                    create_job(session, new_spec(), NOON)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.read() as session:
        assert find_or_raise_job(session, job_id).final_epoch == 80
        assert len(list_jobs(session)) == 81


def test_many_processes_may_open_a_new_file_at_once(tmp_path):
    """Threads with a pool each stand in for processes."""
    errors, ready = [], threading.Barrier(6)

    def open_it() -> None:
        try:
            ready.wait()
            database = new_database(tmp_path)
            add_job(database)
            database.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    database = new_database(tmp_path)
    with database.read() as session:
        assert len(list_jobs(session)) == 6
    database.close()


def test_times_come_back_in_utc_whatever_zone_they_had(database):
    east = datetime(2030, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        job_id = create_job(session, new_spec(), east).id
    with database.read() as session:
        stored = find_or_raise_job(session, job_id).created_at
        assert stored == NOON
        assert stored.tzinfo is UTC
        assert session.scalar(select(JobRow.id).where(JobRow.created_at <= NOON)) == job_id
    with (
        pytest.raises(StatementError, match="without zone cannot be stored"),
        database.write() as session,
    ):
        create_job(session, new_spec(), datetime(2030, 1, 1))


def test_foreign_keys_are_enforced_and_removal_cascades(database):
    from tests.nas.factories import new_loop, run_to_the_end

    job_id = add_job(database, trials=2)
    run_to_the_end(new_loop(database, job_id))
    with database.write() as session:
        session.delete(find_or_raise_job(session, job_id))
    with database.read() as session:
        for table in ("jobs", "trials", "metrics", "proposals"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
