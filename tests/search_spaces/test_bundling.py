"""Copying other people's modules into one file: what works, and what is refused with a reason."""

from __future__ import annotations

import textwrap
from importlib import import_module
from pathlib import Path

import pytest

from search_spaces.bundling import bundle
from search_spaces.classifier import Classifier
from search_spaces.errors import StandaloneSourceError
from search_spaces.standalone import write_module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    """A function that writes a package of its own for this test and imports one of its modules."""
    name = f"bundled_{abs(hash(request.node.nodeid)):x}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules: str):
        (tmp_path / name).mkdir()
        for module, source in {"__init__": "", **modules}.items():
            written = textwrap.dedent(source).replace("PACKAGE", name)
            (tmp_path / name / f"{module}.py").write_text(written)
        return import_module(f"{name}.block")

    return write


def written(block: type) -> str:
    return write_module(
        bundle([block, Classifier]),
        drawing="one block",
        content_hash="0",
        constants="",
        network="network = Block(3)",
        input_shape=(3, 4, 4),
        num_classes=2,
    )


def test_module_written_in_any_usual_style_runs_alone(package):
    module = package(
        layers="""
        import torch.nn as nn

        class Layer(nn.Conv2d):
            pass
        """,
        helpers="from PACKAGE.layers import Layer",
        block="""
        from __future__ import annotations

        import functools
        import math as mathematics
        from typing import TYPE_CHECKING

        import torch
        import torch.nn.functional as F
        from torch import nn

        from .helpers import Layer

        if TYPE_CHECKING:
            from collections.abc import Sequence

        WIDTH: int = 4
        \"\"\"Channels inside.\"\"\"

        @functools.cache
        def width() -> int:
            return mathematics.floor(WIDTH)

        class Block(nn.Module):
            def __init__(self, channels: int, names: Sequence[str] = ()) -> None:
                super().__init__()
                self.layer = Layer(channels, width(), 1)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return F.relu(self.layer(x)).mean((2, 3))
        """,
    )
    source = written(module.Block)
    names: dict[str, object] = {"__name__": "alone"}
    exec(compile(source, "alone.py", "exec"), names)
    import torch

    with torch.no_grad():
        assert names["build"]()(torch.rand(2, 3, 4, 4)).shape == (2, 4)
    assert module.__package__ not in source
    assert source.index("from __future__") < source.index("import functools")
    assert "@functools.cache" in source


BLOCK = """
from torch import nn
{extra}

class Block(nn.Module):
    def __init__(self, channels):
        {use}
"""


@pytest.mark.parametrize(
    ("extra", "use", "reason"),
    [
        ("import numpy as np", "np.zeros(3)", "it uses 'numpy', allowed: torch, the standard lib"),
        ("import torchvision", "torchvision.ops", "it uses 'torchvision', allowed: torch, the"),
        ("from PACKAGE import other", "other.f()", "'other' is no class, function or constant at"),
        ("from PACKAGE.other import f as g", "g()", "allowed: names of its own package, imported"),
        ("for SIZE in (1, 2): pass", "print(SIZE)", "'SIZE' is bound in module bundled_.*.block"),
        ("def load(): pass", "load()", "the standalone module would define 'load' twice"),
        ("class Classifier: pass", "Classifier()", "would define 'Classifier' twice"),
    ],
)
def test_what_cannot_be_copied_is_refused_by_name(package, extra, use, reason):
    module = package(block=BLOCK.format(extra=extra, use=use), other="def f(): pass")
    with pytest.raises(StandaloneSourceError, match=reason):
        written(module.Block)


def test_class_inside_a_function_is_refused(package):
    module = package(block="def make():\n    class Block: pass\n    return Block")
    with pytest.raises(StandaloneSourceError, match="Block' is no class, function or constant"):
        bundle([module.make()])


def test_two_imports_of_one_name_are_refused(package):
    module = package(
        block="""
        from torch import nn
        from .other import Other
        from math import floor as F

        class Block(nn.Module):
            def __init__(self, channels):
                self.other = Other(F(1.0))
        """,
        other="""
        import torch.nn.functional as F

        class Other:
            def __init__(self, x):
                F.relu(x)
        """,
    )
    with pytest.raises(StandaloneSourceError, match="bind one name"):
        bundle([module.Block])
