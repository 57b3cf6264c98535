from __future__ import annotations

import hashlib
import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest

from nas.artifacts import ArtifactStore, StoredFile
from nas.errors import InvalidInputError, NasError, NotFoundError
from nas.ids import new_id, utc_now
from tests.nas.artifacts.factories import write


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path) -> ArtifactStore:
    """A store of each kind: one that renames, one whose puts are whole at once."""
    if request.param == "file":
        return ArtifactStore(f"file://{tmp_path / 'a store'}")
    return ArtifactStore(f"memory://{new_id()}")


def test_content_comes_back_by_its_digest(store, tmp_path):
    file = write(tmp_path, "one")
    stored = store.put(file)
    assert stored == StoredFile(hashlib.sha256(b"one").hexdigest(), 3)
    assert store.contains(stored.sha256)
    with store.open(stored.sha256) as content:
        assert content.read() == b"one"
    store.fetch(stored.sha256, tmp_path / "deep" / "copy")
    assert (tmp_path / "deep" / "copy").read_text() == "one"
    assert file.exists()


def test_equal_contents_are_stored_once(store, tmp_path):
    first = store.put(write(tmp_path, "same", "one"))
    assert store.put(write(tmp_path, "same", "two")) == first
    assert list(store.list_objects()) == [first]


def test_deleted_content_is_not_found_and_can_be_put_again(store, tmp_path):
    file = write(tmp_path, "one")
    digest = store.put(file).sha256
    store.delete(digest)
    store.delete(digest)
    assert not store.contains(digest)
    with pytest.raises(NotFoundError, match=f"no file '{digest}' in the artefact store"):
        store.open(digest)
    with pytest.raises(NotFoundError):
        store.fetch(digest, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    store.put(file)
    assert store.contains(digest)


def test_empty_store_lists_nothing(store):
    assert list(store.list_objects()) == []
    assert store.drop_unfinished(utc_now()) == 0


def test_damaged_content_is_refused_and_leaves_no_file(tmp_path):
    store = ArtifactStore(f"file://{tmp_path / 'store'}")
    digest = store.put(write(tmp_path, "one")).sha256
    store.local_path(digest).write_text("two")
    with pytest.raises(NasError, match="is damaged"):
        store.fetch(digest, tmp_path / "out" / "copy")
    assert list((tmp_path / "out").iterdir()) == []


def test_only_a_local_disk_has_paths(tmp_path):
    file = write(tmp_path, "one")
    remote, local = ArtifactStore(f"memory://{new_id()}"), ArtifactStore(f"file://{tmp_path}/s")
    digest = remote.put(file).sha256
    assert remote.local_path(digest) is None
    assert local.local_path(digest) is None
    local.put(file)
    assert local.local_path(digest).read_text() == "one"


class _DiskFullError(Exception):
    pass


def test_write_that_breaks_off_leaves_nothing_under_the_digest(tmp_path, monkeypatch):
    store = ArtifactStore(f"file://{tmp_path / 'store'}")
    file = write(tmp_path, "one")

    def breaks(source, copy, _size):
        copy.write(source.read(1))
        raise _DiskFullError

    with monkeypatch.context() as patched:
        patched.setattr("nas.artifacts.store.shutil.copyfileobj", breaks)
        with pytest.raises(_DiskFullError):
            store.put(file)
    assert list(store.list_objects()) == []
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    assert store.contains(store.put(file).sha256)


def test_what_a_killed_writer_left_is_removed_once_it_is_old(tmp_path):
    store = ArtifactStore(f"file://{tmp_path / 'store'}")
    store.put(write(tmp_path, "one"))
    write(tmp_path / "store" / "incoming", "half", "abc")
    assert store.drop_unfinished(utc_now() - timedelta(days=1)) == 0
    assert store.drop_unfinished(utc_now() + timedelta(days=1)) == 1
    assert len(list(store.list_objects())) == 1


def _put_often(url: str, file: str) -> None:
    store = ArtifactStore(url)
    for _ in range(50):
        store.delete(store.put(Path(file)).sha256)
    store.put(Path(file))


def test_processes_that_put_and_delete_the_same_content_at_once_leave_it_whole(tmp_path):
    url, file = f"file://{tmp_path / 'store'}", write(tmp_path, "shared" * 10_000)
    processes = [
        multiprocessing.get_context("fork").Process(target=_put_often, args=(url, str(file)))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    store = ArtifactStore(url)
    store.fetch(StoredFile.of(file).sha256, tmp_path / "copy")


@pytest.mark.parametrize("url", ["nosuch://bucket/path", "webhdfs2://u:secret@host/x"])
def test_url_of_an_unknown_protocol_is_refused_without_its_password(url):
    with pytest.raises(InvalidInputError, match="NAS_ARTIFACT_URL: got protocol") as caught:
        ArtifactStore(url)
    assert "secret" not in str(caught.value)
