"""Data sets named by where they lie: what is read, how it is split, and what is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nas.datasets import ImageData, StreamedData, find_or_raise_dataset, held_in_memory
from nas.datasets.location import absolute, require_below
from nas.datasets.splitting import split_by_class
from nas.errors import InvalidInputError


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    return tmp_path


def picture(seed: int, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Image.Image:
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def fill(root: Path, classes: tuple[str, ...] = ("a", "b"), count: int = 10, **how) -> None:
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for index in range(count):
            picture(100 * number + index, **how).save(root / name / f"{index:02}.png")


def write_shard(path: Path, samples: list[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in samples:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def png(seed: int) -> bytes:
    content = io.BytesIO()
    picture(seed).save(content, "png")
    return content.getvalue()


def test_folder_is_split_by_class_with_all_images_once_and_always_alike(data_dir):
    fill(data_dir / "flowers")
    dataset = find_or_raise_dataset("folder:flowers")
    info, data = dataset.info, dataset.load()
    assert info.input_shape == (3, 6, 8)
    assert info.class_names == ("a", "b")
    assert (info.train_size, info.validation_size, info.test_size) == (12, 4, 4)
    splits = (data.train, data.validation, data.test)
    assert [np.bincount(split.labels).tolist() for split in splits] == [[6, 6], [2, 2], [2, 2]]
    found = {image.tobytes() for split in splits for image in split.images}
    expected = {
        np.asarray(picture(seed)).transpose(2, 0, 1).tobytes()
        for seed in (*range(10), *range(100, 110))
    }
    assert found == expected
    assert all(split.mirrors for split in splits)
    again = find_or_raise_dataset(f"folder:{data_dir}/flowers").load()
    assert again.fingerprint == data.fingerprint
    other = find_or_raise_dataset("folder:flowers?seed=1&mirrors=false").load()
    assert other.fingerprint != data.fingerprint
    assert not other.train.mirrors


def test_folders_named_as_splits_are_the_splits(data_dir):
    for part, count in (("train", 10), ("test", 3)):
        fill(data_dir / "x" / part, count=count)
    info = find_or_raise_dataset("folder:x").info
    assert (info.train_size, info.validation_size, info.test_size) == (16, 4, 6)
    fill(data_dir / "x" / "val", count=2)
    info = find_or_raise_dataset("folder:x?validation=0.3").info  # unused: there is a folder
    assert (info.train_size, info.validation_size, info.test_size) == (20, 4, 6)


def test_images_of_different_sizes_need_a_size_and_are_brought_to_it(data_dir):
    fill(data_dir / "mixed")
    picture(1, size=(20, 10)).save(data_dir / "mixed" / "a" / "large.png")
    with pytest.raises(ValueError, match=r"of different sizes \(6x8, 10x20, \.\.\.\); say"):
        find_or_raise_dataset("folder:mixed")
    dataset = find_or_raise_dataset("folder:mixed?size=4x5&channels=1")
    assert dataset.info.input_shape == (1, 4, 5)
    assert dataset.load().train.images.shape[1:] == (1, 4, 5)


def test_unreadable_images_are_left_out_up_to_the_stated_share(data_dir, caplog):
    fill(data_dir / "flowers")
    (data_dir / "flowers" / "a" / "05.png").write_bytes(b"no image")
    whole = (data_dir / "flowers" / "b" / "01.png").read_bytes()
    (data_dir / "flowers" / "b" / "01.png").write_bytes(whole[: len(whole) // 2])
    data = find_or_raise_dataset("folder:flowers?unreadable=0.1").load()
    assert data.unreadable == 2
    assert sum(map(len, (data.train, data.validation, data.test))) == 18
    assert "left out 2 of 20 images" in caplog.text
    assert "a/05.png" in caplog.text
    with pytest.raises(InvalidInputError, match=r"2 of 20 images cannot be read, allowed: .* 0.05"):
        find_or_raise_dataset("folder:flowers?unreadable=0.05").load()


def test_streamed_data_is_the_same_data_by_number(data_dir):
    fill(data_dir / "flowers")
    held = find_or_raise_dataset("folder:flowers").load()
    streamed = find_or_raise_dataset("folder:flowers?stream=true").load()
    assert isinstance(held, ImageData)
    assert isinstance(streamed, StreamedData)
    for name in ("train", "validation", "test"):
        one, other = getattr(held, name), getattr(streamed, name)
        read = np.stack([other.reader.read(index) for index in other.indices.tolist()])
        np.testing.assert_array_equal(read, one.images)
        np.testing.assert_array_equal(other.labels, one.labels)
    with pytest.raises(InvalidInputError, match="but a baseline needs all images in memory"):
        held_in_memory(streamed, "a baseline")
    before = streamed.fingerprint
    picture(7, size=(9, 9)).save(data_dir / "flowers" / "a" / "00.png")
    assert find_or_raise_dataset("folder:flowers?stream=true&size=6x8").load().fingerprint != before


def test_shards_hold_the_samples_that_were_written(data_dir):
    for shard in range(3):
        samples = []
        for index in range(8):
            key = f"part/{shard}{index}"
            samples += [
                (f"{key}.png", png(10 * shard + index)),
                (f"{key}.cls", b"%d" % (index % 2)),
            ]
        write_shard(data_dir / f"train-{shard:03}.tar", samples)
    data = find_or_raise_dataset("webdataset:train-{000..001}.tar").load()
    everything = find_or_raise_dataset("webdataset:train-*.tar")
    assert sum(map(len, (data.train, data.validation, data.test))) == 16
    assert everything.info.train_size == 16
    assert everything.info.num_classes == 2
    images = {
        image.tobytes(): int(label)
        for split in (data.train, data.validation, data.test)
        for image, label in zip(split.images, split.labels, strict=True)
    }
    for shard, index in ((0, 0), (1, 3)):
        pixels = np.asarray(picture(10 * shard + index)).transpose(2, 0, 1)
        assert images[pixels.tobytes()] == index % 2


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([("1.png", b"x")], "sample 1 in s.tar has no class, a file .cls"),
        ([("1.cls", b"0")], "sample 1 in s.tar has no image"),
        ([("1.png", b"x"), ("1.cls", b"cat")], "1.cls in s.tar: got 'cat', allowed: a class's"),
        ([("1.png", b"x"), ("1.cls", b"9" * 30)], f"s.tar/1.png: got class {'9' * 30}, allowed: n"),
        ([("1.png", b"x"), ("1.cls", b"40000000")], "numbers from 0 below 1, how many images"),
        ([], "less than 2 classes"),
    ],
)
def test_shards_without_whole_samples_are_refused(data_dir, samples, message):
    write_shard(data_dir / "s.tar", samples)
    with pytest.raises(ValueError, match=message):
        find_or_raise_dataset("webdataset:s.tar")
    (data_dir / "none.tar").write_bytes(b"broken" * 200)
    with pytest.raises(ValueError, match=r"cannot read none\.tar as an uncompressed tar"):
        find_or_raise_dataset("webdataset:none.tar")


@pytest.mark.parametrize("layout", ["(N, H, W)", "(N, H, W, C)", "(N, C, H, W)"])
def test_arrays_are_taken_in_every_layout_and_split(data_dir, layout):
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 5, 7), dtype=np.uint8)
    labels = np.arange(40)[:, None] % 4
    written = {
        "(N, H, W)": images[:, 0],
        "(N, H, W, C)": images.transpose(0, 2, 3, 1),
        "(N, C, H, W)": images,
    }[layout]
    np.savez(data_dir / "x.npz", images=written, labels=labels)
    data = find_or_raise_dataset("npz:x.npz").load()
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 8, 8)
    expected = images[:, :1] if layout == "(N, H, W)" else images
    assert {i.tobytes() for i in data.test.images} <= {i.tobytes() for i in expected}
    np.savez(data_dir / "k.npz", x_train=written, y_train=labels, x_test=written, y_test=labels)
    assert len(find_or_raise_dataset("npz:k.npz").load().test) == 40


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an array of bytes in the form that MNIST comes in."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes())


def test_set_of_torchvision_is_read_where_it_lies_and_named_where_it_is_missing(data_dir):
    dataset = find_or_raise_dataset("torchvision:MNIST?validation=0.1")
    assert dataset.info.validation_size == 6000
    with pytest.raises(InvalidInputError, match=r"MNIST is not in .*\?download=true"):
        dataset.load()
    raw = data_dir / "torchvision" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28))
    for part, count in (("train", 50), ("t10k", 20)):
        write_idx(raw / f"{part}-images-idx3-ubyte", images[:count])
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)
    data = dataset.load()
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 10, 20)
    np.testing.assert_array_equal(data.test.images[:, 0], images[:20])
    assert not data.train.mirrors


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", r"no data set 'nothing'; known: digits, tones, folder:PATH"),
        ("ftp:x", "no data set 'ftp:x'"),
        ("folder:", "no data set 'folder:'"),
        ("folder:missing", "missing is no folder"),
        ("folder:.", "got 0 subfolders with images .* allowed: one for each of at least 2"),
        ("npz:missing.npz", "missing.npz is no file"),
        ("webdataset:missing-{0..3}.tar", "there is no archive"),
        ("torchvision:ImageNet21k", "got 'ImageNet21k', allowed: MNIST"),
        ("torchvision:MNIST?download=maybe", "download: .*'maybe'.*; options: validation"),
        ("folder:x?siez=4", "siez: .*; options: validation, test, seed, mirrors, size"),
        ("folder:x?size=big", "size: .*'big'"),
        ("folder:x?test=0.7", "test: .*0.5"),
    ],
)
def test_wrong_names_say_what_is_allowed(name, message):
    with pytest.raises(ValueError, match=message):
        find_or_raise_dataset(name)


def test_paths_outside_the_data_directory_can_be_refused(data_dir):
    (data_dir / "in").mkdir()
    (data_dir / "link").symlink_to("/usr")
    for name in ("folder:in", f"folder:{data_dir}/in?size=3", "npz:missing.npz"):
        require_below(name, data_dir)
    for name in ("folder:/etc", "folder:../x", "folder:link", "folder:in/../../y", "npz:~/x.npz"):
        with pytest.raises(InvalidInputError, match="allowed here: paths below the data directory"):
            require_below(name, data_dir)


def test_paths_seen_from_where_a_command_runs_are_made_absolute(data_dir):
    (data_dir / "here").mkdir()
    (data_dir / "a-0.tar").touch()
    assert absolute("folder:here?size=3", data_dir) == f"folder:{data_dir}/here?size=3"
    assert absolute("webdataset:a-*.tar", data_dir) == f"webdataset:{data_dir}/a-*.tar"
    for name in ("digits", "torchvision:MNIST", "folder:there"):
        assert absolute(name, data_dir) == name


@given(
    st.lists(st.integers(3, 40), min_size=2, max_size=5),
    st.floats(0.05, 0.4),
    st.integers(0, 9),
)
def test_splits_hold_every_index_once_and_some_of_each_class(counts, share, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    parts = split_by_class(labels, share, share, seed=seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    assert all(set(labels[part]) == set(range(len(counts))) for part in parts)
    again = split_by_class(labels, share, share, seed=seed)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


def test_class_with_too_few_images_is_named():
    with pytest.raises(ValueError, match="got 2 images of class 1, allowed: at least 3 of each"):
        split_by_class(np.array([0, 0, 0, 1, 1]), 0.2, 0.2, seed=0)


@pytest.mark.parametrize("place", ["a\0b", "~there-is-no-such-user/images"])
def test_path_that_can_name_no_file_is_refused(place):
    with pytest.raises(InvalidInputError, match="dataset: got path"):
        require_below(f"folder:{place}", Path())
