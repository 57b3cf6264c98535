"""Collecting the source of our modules into one file that needs torch alone.

An exported network must be the network that was trained, down to the names of its weights, so
its code is not written a second time: the definitions it is made of are copied, with all they
refer to inside this package, in an order in which Python can execute them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from search_spaces.base import InputShape

_OWN_PACKAGE = "search_spaces"


@dataclass(frozen=True)
class _Module:
    """A module's top-level definitions and imports, by the name they bind."""

    definitions: dict[str, tuple[ast.stmt, str]]
    imports: dict[str, ast.ImportFrom]


@dataclass
class Bundle:
    """Source of some definitions and of everything of ours that they use."""

    imports: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, thing: Any) -> None:
        """Add a class or function with its dependencies."""
        self._add(thing.__module__, thing.__qualname__)

    def render_definitions(self) -> str:
        """Write the definitions, each after those it uses."""
        return "\n\n\n".join(self.definitions.values())

    def render_imports(self) -> str:
        """Write the import block: the standard library first, then torch."""
        lines = {module: ", ".join(sorted(names)) for module, names in self.imports.items()}
        standard = [f"from {m} import {n}" for m, n in sorted(lines.items()) if m != "torch"]
        torch = ["import torch", f"from torch import {lines['torch']}"]
        return "\n".join([*sorted([*standard, "from pathlib import Path"]), "", *torch])

    def _add(self, module_name: str, name: str) -> None:
        if (module_name, name) in self.definitions:
            return
        module = _read(module_name)
        node, source = module.definitions[name]
        for used in _names(node):
            if used == name:
                continue
            if used in module.definitions:
                self._add(module_name, used)
            elif used in module.imports:
                self._follow(module.imports[used], used)
        self.definitions[(module_name, name)] = source

    def _follow(self, statement: ast.ImportFrom, name: str) -> None:
        module = statement.module or ""
        if module.split(".")[0] == _OWN_PACKAGE:
            self._add(module, name)
        else:
            self.imports.setdefault(module, set()).add(name)


def bundle(things: Iterable[Any]) -> Bundle:
    """Collect the source of `things` and of all of ours that they refer to.

    Modules must import other modules' names by `from module import name`, without renaming.
    """
    collected = Bundle()
    for thing in things:
        collected.add(thing)
    return collected


def write_module(
    source: Bundle,
    *,
    drawing: str,
    content_hash: str,
    constants: str,
    network: str,
    input_shape: InputShape,
    num_classes: int,
) -> str:
    """Write a module with `build()` and `load()` around the bundled definitions.

    `network` are the statements that make the variable `network`; they may use `constants`,
    statements that stand before. The classifier must be part of `source`.
    """
    channels, height, width = input_shape
    shown_constants = f"\n\n\n{constants}" if constants else ""
    return f'''"""A convolutional network found by architecture search. It needs torch alone.

    from pathlib import Path
    model = load(Path("weights.pt"))  # or build() for fresh weights
    logits = model(images)  # images: (N, {channels}, {height}, {width}) float, values in [0, 1]

{drawing}

architecture {content_hash}
"""

{source.render_imports()}


{source.render_definitions()}{shown_constants}


def build() -> Classifier:
    """Make the network, weights fresh: `(N, {channels}, H, W)` to `(N, {num_classes})` logits."""
{textwrap.indent(network, "    ")}
    return Classifier(network, {channels})


def load(weights: Path) -> Classifier:
    """Make the network and load the trained weights; ready for inference."""
    model = build()
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return model.eval()


if __name__ == "__main__":
    model = load(Path(__file__).with_suffix(".pt"))
    logits = model(torch.rand(1, {channels}, {height}, {width}))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{{parameters:,}} parameters, logits {{tuple(logits.shape)}}")
'''


@cache
def _read(module_name: str) -> _Module:
    source = inspect.getsource(import_module(module_name))
    tree = ast.parse(source)
    definitions: dict[str, tuple[ast.stmt, str]] = {}
    imports: dict[str, ast.ImportFrom] = {}
    for position, node in enumerate(tree.body):
        if isinstance(node, ast.ImportFrom):
            imports |= {alias.name: node for alias in node.names}
        for name in _bound_names(node):
            text = ast.get_source_segment(source, node) or ""
            following = tree.body[position + 1] if position + 1 < len(tree.body) else None
            if isinstance(node, ast.Assign) and following is not None and _is_text(following):
                text += "\n" + (ast.get_source_segment(source, following) or "")
            definitions[name] = (node, text)
    return _Module(definitions, imports)


def _bound_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_text(node: ast.stmt) -> bool:
    """Tell whether a statement is the docstring of the assignment before it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _names(node: ast.stmt) -> list[str]:
    """Return the names a definition refers to, in order of first use."""
    found = (child.id for child in ast.walk(node) if isinstance(child, ast.Name))
    return list(dict.fromkeys(found))
