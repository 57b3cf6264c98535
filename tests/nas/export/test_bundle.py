"""A bundle of a network that was really trained: loaded elsewhere, trained again, tampered with."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cli.app import run
from nas.datasets import find_or_raise_dataset
from nas.errors import InvalidInputError
from nas.export import ExportFormat, export
from nas.export.manifest import MANIFEST_NAME, MOST_MANIFEST_BYTES, WEIGHTS_NAME, read_bundle
from tests.nas.export.factories import ended_job, settings_in

ELSEWHERE = """
import json, sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from safetensors.torch import load_file

folder, elsewhere = Path(sys.argv[1]), Path.cwd()
data = np.load(elsewhere / "test.npz")
images, labels = torch.from_numpy(data["images"]), torch.from_numpy(data["labels"])

def accuracy(logits):
    return int((logits.argmax(1) == labels).sum()) / len(labels)

def by_onnxruntime(name):
    session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])

sys.path.insert(0, str(elsewhere))
import model

from_safetensors = model.build()
from_safetensors.load_state_dict(load_file(folder / "model.safetensors"))
program = torch.export.load(folder / "model.pt2").module()
with torch.inference_mode():
    found = {
        "onnx": accuracy(by_onnxruntime("model.onnx")),
        "onnx-int8": accuracy(by_onnxruntime("model-int8.onnx")),
        "torch": accuracy(program(images)),
        "python": accuracy(model.load()(images)),
        "safetensors": accuracy(from_safetensors.eval()(images)),
        "single image": by_onnxruntime("model.onnx")[:1].shape == program(images[:1]).shape,
    }
ours = {"search_spaces", "nas", "workers", "api", "pydantic"}
found["ours"] = sorted(ours & {name.split(".")[0] for name in sys.modules})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a bundle; its network was trained with two seeds."""
    directory = tmp_path_factory.mktemp("job")
    database, job_id = ended_job(directory, final_epochs=1, final_seeds=2)
    folder = directory / "bundle"
    export(database, settings_in(directory), job_id, ExportFormat.BUNDLE, folder)
    database.close()
    return folder


@pytest.fixture(scope="module")
def elsewhere(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process found that has neither our packages nor our folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    test = find_or_raise_dataset("digits").load().test
    np.savez(folder / "test.npz", images=test.images.astype("float32") / 255, labels=test.labels)
    for name in ("model.py", "model.pt"):
        shutil.copy(bundle / name, folder)
    done = subprocess.run(
        [sys.executable, "-I", "-c", ELSEWHERE, str(bundle)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ours"] == []
    return found


def manifest_of(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / MANIFEST_NAME).read_text())
    return content


@pytest.mark.parametrize("name", ["onnx", "torch", "python", "safetensors"])
def test_reload_in_a_clean_process_has_the_test_accuracy_to_the_last_digit(name, bundle, elsewhere):
    assert elsewhere[name] == manifest_of(bundle)["final"]["test_accuracy"]


def test_quantised_network_has_the_accuracy_and_the_drop_that_were_measured(bundle, elsewhere):
    manifest = manifest_of(bundle)
    checked = manifest["files"]["model-int8.onnx"]["checked"]
    assert elsewhere["onnx-int8"] == checked["test_accuracy"]
    drop = manifest["final"]["test_accuracy"] - elsewhere["onnx-int8"]
    assert checked["accuracy_drop"] == pytest.approx(drop)
    assert checked["equal_answers"] > 0.8


def test_onnx_is_checked_on_every_test_image(bundle):
    checked = manifest_of(bundle)["files"]["model.onnx"]["checked"]
    assert checked["opset"] == 20
    assert checked["images_compared"] == 360
    assert checked["equal_answers"] == 1.0
    assert checked["max_abs_difference"] < 1e-4


def test_json_has_the_architecture_and_the_figures(bundle):
    data = json.loads((bundle / "architecture.json").read_text())
    assert data["final"] == manifest_of(bundle)["final"]
    assert data["measured"]["accuracy"] == data["final"]["test_accuracy"]
    assert data["architecture"]["space"] == "cell"


def test_no_file_tells_where_it_was_written(bundle):
    here = str(Path(__file__).parents[3]).encode()
    for file in bundle.iterdir():
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                assert not any(here in archive.read(name) for name in archive.namelist()), file
        assert here not in file.read_bytes(), file


def test_card_has_every_seed_their_mean_and_the_search_cost(bundle):
    card, final = (bundle / "model-card.md").read_text(), manifest_of(bundle)["final"]
    accuracies = [final["test_accuracy"], final["further"][0]["test_accuracy"]]
    for seed, accuracy in enumerate(accuracies):
        assert f"| test, retrained | {seed} | {accuracy:.4g} |" in card
    assert f"{np.mean(accuracies):.4f} ± {np.std(accuracies, ddof=1):.4f}" in card
    assert "| search cost, trials | 2, of them 2 trained to the end |" in card
    assert "train and validation images" in card


def test_module_is_formatted_and_has_its_figures(bundle):
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", bundle / "model.py"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    source, manifest = (bundle / "model.py").read_text(), manifest_of(bundle)
    for shown in (
        f"PARAMETERS = {manifest['params']:_}",
        "INPUT_SHAPE = (1, 8, 8)",
        '"learning_rate": 0.1',
        f'"accuracy": {manifest["measured"]["accuracy"]!r}',
        '"seed": 1',
    ):
        assert shown in source


def test_bundle_is_reproduced_to_the_last_digit_with_every_seed(bundle, capsys):
    assert run(["reproduce", str(bundle), "--all-seeds", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tolerance"] == 0
    assert [each["seed"] for each in found["seeds"]] == [0, 1]
    for each in found["seeds"]:
        assert (each["accuracy"], each["loss"]) == (
            each["expected_accuracy"],
            each["expected_loss"],
        )
    assert found["seeds"][0]["max_weight_difference"] == 0


def test_accuracy_that_does_not_come_out_ends_with_exit_code_1(bundle, tmp_path, capsys):
    def better(manifest: dict[str, Any]) -> None:
        manifest["measured"]["accuracy"] = 0.99

    copied = changed(bundle, tmp_path, better)
    assert run(["reproduce", str(copied)]) == 1
    assert "not reproduced" in capsys.readouterr().out
    assert run(["reproduce", str(copied), "--tolerance", "1"]) == 0


def changed(bundle: Path, directory: Path, change: Any) -> Path:
    """Copy a bundle with another manifest."""
    copied = directory / "changed"
    shutil.copytree(bundle, copied)
    manifest = manifest_of(copied)
    change(manifest)
    (copied / MANIFEST_NAME).write_text(json.dumps(manifest))
    return copied


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


def test_pickle_in_place_of_the_weights_is_refused_and_never_run(bundle, tmp_path, capsys):
    marker = tmp_path / "ran"
    content = pickle.dumps(Bomb(marker))

    def with_pickle(manifest: dict[str, Any]) -> None:
        entry = manifest["files"][WEIGHTS_NAME]
        entry["sha256"], entry["size_bytes"] = hashlib.sha256(content).hexdigest(), len(content)

    copied = changed(bundle, tmp_path, with_pickle)
    for name in (WEIGHTS_NAME, "model.pt", "model.pt2"):
        (copied / name).write_bytes(content)
    assert run(["reproduce", str(copied)]) == 2
    error = capsys.readouterr().err
    assert WEIGHTS_NAME in error
    assert error.count("\n") == 1
    assert not marker.exists()


def test_names_in_an_archive_are_never_made_paths(bundle, tmp_path):
    archive = tmp_path / "inner" / "hostile.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("../escaped", "/tmp/nas-escaped", "..\\escaped"):
            packed.writestr(name, "escaped")
        for name in (MANIFEST_NAME, WEIGHTS_NAME):
            packed.write(bundle / name, name)
    read = read_bundle(archive)
    assert read.manifest.final is not None
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["hostile.zip", "inner"]
    assert not Path("/tmp/nas-escaped").exists()


def test_link_to_a_file_outside_is_refused(bundle, tmp_path):
    copied = changed(bundle, tmp_path, lambda manifest: None)
    (tmp_path / "outside").write_bytes((copied / WEIGHTS_NAME).read_bytes())
    (copied / WEIGHTS_NAME).unlink()
    (copied / WEIGHTS_NAME).symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInputError, match=f"no file {WEIGHTS_NAME} of its own"):
        read_bundle(copied)


def test_archive_that_swells_is_read_no_further_than_allowed(tmp_path):
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(MANIFEST_NAME, b" " * (MOST_MANIFEST_BYTES + 1))
    assert archive.stat().st_size < MOST_MANIFEST_BYTES / 100
    with pytest.raises(InvalidInputError, match="more than the"):
        read_bundle(archive)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("architecture_hash", "0" * 64, "architecture_hash"),
        ("data_fingerprint", "0" * 64, "fingerprint"),
        ("data_fingerprint", "../..", "data_fingerprint"),
        ("dataset", "folder:/etc", "--dataset"),
        ("dataset", "torchvision:CIFAR10?download=true", "--dataset"),
        ("architecture", {"space": "os:system"}, "space"),
        ("files", {}, WEIGHTS_NAME),
        ("training", {"images": "all", "epochs": 1, "seed": 0, "cpus": 1}, "training.images"),
        ("recipe", {"batch_size": -1}, "recipe.batch_size"),
        ("version", 2, "version"),
    ],
)
def test_manifest_at_fault_is_refused_in_one_line_that_names_the_field(
    field, value, expected, bundle, tmp_path, capsys
):
    copied = changed(bundle, tmp_path, lambda manifest: manifest.update({field: value}))
    assert run(["reproduce", str(copied)]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"version": 1}']
)
def test_manifest_that_is_none_is_refused(content, tmp_path):
    (tmp_path / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(InvalidInputError, match=MANIFEST_NAME):
        read_bundle(tmp_path)


def test_bundle_is_not_written_among_other_files(bundle, tmp_path):
    """Its own files may be written anew."""
    from nas.export.bundle import require_room

    require_room(bundle)
    require_room(tmp_path / "new")
    (tmp_path / "mine.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(InvalidInputError, match="out"):
            require_room(taken)
