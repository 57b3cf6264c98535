from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from search_spaces import build_classifier
from tests.workers.training.factories import SMALL
from workers.latency.probe import trace_shapes
from workers.latency.tracing import trace


class Gated(nn.Module):
    """A module without children whose parameters its representation does not tell."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), Gated(4))

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        return torch.cat([y + y, y], dim=1) if y.size(0) else y


def test_operations_are_modules_without_children_and_functions_outside_of_them():
    found = trace(Net(), torch.rand(2, 1, 8, 8))
    kinds = [operation.split("(")[0].split()[0] for operation in found.operations]
    assert kinds == [
        "torch.nn.modules.conv.Conv2d",
        "torch.nn.modules.activation.ReLU",
        f"{__name__}.Gated",
        "torch.Tensor.add",
        "torch.cat",
    ]
    assert "2x1x8x8" in found.operations[0] and "padding=(1, 1)" in found.operations[0]
    assert "(4, 1, 1)" in found.operations[2]
    assert found.operations[3].endswith("((2x4x8x8 2x4x8x8) ())")
    assert found.containers == 2


def test_each_different_operation_can_be_run_again_on_its_own_inputs():
    images = torch.rand(2, 1, 8, 8)
    network = Net().eval()
    with torch.inference_mode():
        expected = network(images)
        runs = trace(network, images).runs
        assert len(runs) == 5
        assert torch.equal(runs[list(runs)[-1]](), expected)


def test_same_module_on_other_shapes_is_another_operation():
    network = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2), nn.Identity(), nn.Identity())
    operations = trace(network, torch.rand(1, 1, 8, 8)).operations
    assert len(operations) == 4
    assert len(set(operations)) == 3


@pytest.mark.parametrize("batch_size", [1, 3])
def test_shapes_alone_give_the_operations_of_a_real_run(batch_size):
    found = trace_shapes(SMALL, (1, 8, 8), 10, batch_size)
    network = build_classifier(SMALL, (1, 8, 8), 10).eval()
    real = trace(network, torch.rand(batch_size, 1, 8, 8))
    assert found.operations == real.operations
    assert found.containers == real.containers
    assert not found.runs
