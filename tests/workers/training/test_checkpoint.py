from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from nas.layout import WEIGHTS_NAME
from tests.nas.factories import new_report
from tests.workers.training.factories import CPU, digits, new_training, same_state
from workers.training.checkpoint import (
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_weights,
    write_atomically,
)


def test_checkpoint_comes_back_as_it_was(tmp_path):
    training = new_training(digits(train=64))
    training.run_epoch()
    reports = [new_report(1, 0.25), new_report(2, 0.5)]
    save_checkpoint(tmp_path / "new" / "trial", training.state(), reports)
    state, loaded = load_checkpoint(tmp_path / "new" / "trial", CPU)
    assert same_state(state, training.state())
    assert loaded == reports


def test_missing_or_dropped_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path / "nowhere", CPU) is None
    save_checkpoint(tmp_path, {"epoch": 1}, [])
    assert load_checkpoint(tmp_path, CPU) == ({"epoch": 1}, [])
    drop_checkpoint(tmp_path)
    drop_checkpoint(tmp_path)
    assert load_checkpoint(tmp_path, CPU) is None


def test_later_checkpoint_replaces_the_earlier(tmp_path):
    for epoch in (1, 2):
        save_checkpoint(tmp_path, {"epoch": epoch}, [])
    assert load_checkpoint(tmp_path, CPU)[0] == {"epoch": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_write_that_fails_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail_halfway(unfinished):
        unfinished.write_text("ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail_halfway)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_saved_weights_are_the_models_parameters_and_buffers(tmp_path):
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).to(
        memory_format=torch.channels_last
    )
    save_weights(tmp_path, model)
    assert same_state(load_file(tmp_path / WEIGHTS_NAME), dict(model.state_dict()))
