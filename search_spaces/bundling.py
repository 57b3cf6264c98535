"""Collecting the source of modules into one file that needs torch alone.

An exported network must be the network that was trained, down to the names of its weights, so
its code is not written a second time: the definitions it is made of are copied, with all they
refer to inside their package, in an order in which Python can execute them.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

from search_spaces.errors import StandaloneSourceError

_OWN_PACKAGE = "search_spaces"
_ALLOWED = "torch, the standard library, and the package of the operation itself"


@dataclass(frozen=True)
class _Import:
    """One imported name: `import module` where `name` is None, else `from module import name`."""

    module: str
    name: str | None
    bound: str

    @property
    def package(self) -> str:
        return self.module.split(".")[0]

    def render(self) -> str:
        what = f"import {self.module}" if self.name is None else self.name
        bound_anyway = (self.name or self.module).split(".")[0]
        renamed = what if self.bound == bound_anyway else f"{what} as {self.bound}"
        return renamed if self.name is None else f"from {self.module} import {renamed}"


@dataclass(frozen=True)
class _Module:
    """A module's top-level definitions and imports, by the name they bind."""

    module: ModuleType
    definitions: dict[str, tuple[ast.stmt, str]]
    imports: dict[str, _Import]


@dataclass
class Bundle:
    """Source of some definitions and of everything that they use of their own package."""

    packages: frozenset[str]
    imports: dict[str, _Import] = field(default_factory=dict)
    definitions: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, thing: Any) -> None:
        """Add a class or function with its dependencies; raises `StandaloneSourceError`."""
        self._add(thing.__module__, thing.__qualname__, thing.__qualname__)

    def add_import(self, module: str, name: str) -> None:
        """Add what statements beside the definitions need, of the standard library or torch."""
        self.imports.setdefault(name, _Import(module, name, name))

    def render_definitions(self) -> str:
        """Write the definitions, each after those it uses."""
        return "\n\n\n".join(self.definitions.values())

    def render_imports(self) -> str:
        """Write the import block: the standard library first, then torch."""
        future = [i.render() for i in self.imports.values() if i.module == "__future__"]
        blocks = (future, self._import_lines(is_torch=False), self._import_lines(is_torch=True))
        return "\n\n".join("\n".join(lines) for lines in blocks if lines)

    def _import_lines(self, *, is_torch: bool) -> list[str]:
        """Write the imports of torch or of all else, plain imports first, then by module."""
        always = _Import("torch", None, "torch") if is_torch else _Import("pathlib", "Path", "Path")
        chosen = {
            i
            for i in (*self.imports.values(), always)
            if (i.package == "torch") == is_torch and i.module != "__future__"
        }
        plain = sorted(i.render() for i in chosen if i.name is None)
        modules: dict[str, list[str]] = {}
        for each in sorted((i for i in chosen if i.name is not None), key=lambda i: i.render()):
            prefix, _, names = each.render().partition(" import ")
            modules.setdefault(prefix, []).append(names)
        return plain + [f"{prefix} import {', '.join(names)}" for prefix, names in modules.items()]

    def _add(self, module_name: str, name: str, wanted_by: str) -> None:
        if (module_name, name) in self.definitions:
            return
        module = _read(module_name)
        if name not in module.definitions:
            if name in module.imports:  # re-exported, as by a package's `__init__`
                self._follow(module.imports[name], wanted_by)
                return
            raise _refused(
                wanted_by,
                f"{name!r} is no class, function or constant at the top "
                f"level of module {module_name}",
            )
        node, source = module.definitions[name]
        if "annotations" in module.imports:
            self.imports["annotations"] = module.imports["annotations"]
        for used in _names(node):
            if used == name:
                continue
            if used in module.definitions:
                self._add(module_name, used, name)
            elif used in module.imports:
                self._follow(module.imports[used], name)
            elif hasattr(module.module, used) and not hasattr(builtins, used):
                raise _refused(
                    name,
                    f"{used!r} is bound in module {module_name} by a statement "
                    "other than a definition or an import at its top level",
                )
        self.definitions[(module_name, name)] = source

    def _follow(self, wanted: _Import, by: str) -> None:
        if wanted.package in self.packages:
            if wanted.name is None or wanted.bound != wanted.name:
                raise _refused(
                    by,
                    f"{wanted.render()!r}, allowed: names of its own package, "
                    "imported without renaming",
                )
            self._add(wanted.module, wanted.name, by)
            return
        if wanted.package != "torch" and wanted.package not in sys.stdlib_module_names:
            raise _refused(by, f"it uses {wanted.package!r}, allowed: {_ALLOWED}")
        if self.imports.setdefault(wanted.bound, wanted) != wanted:
            raise _refused(
                by, f"{wanted.render()!r} and {self.imports[wanted.bound].render()!r} bind one name"
            )


def bundle(things: Iterable[Any]) -> Bundle:
    """Collect the source of `things` and of all that they refer to in their own packages.

    Modules must import other modules' names by `from module import name`, without renaming.

    Raises:
        StandaloneSourceError: Something refers to what cannot be copied; names both.
    """
    wanted = list(things)
    collected = Bundle(frozenset({_OWN_PACKAGE, *(t.__module__.split(".")[0] for t in wanted)}))
    for thing in wanted:
        collected.add(thing)
    return collected


def bound_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level class, function or assignment binds."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


@cache
def _read(module_name: str) -> _Module:
    module = import_module(module_name)
    loader = module.__spec__.loader if module.__spec__ is not None else None
    source = loader.get_source(module_name) if isinstance(loader, InspectLoader) else None
    if source is None:
        raise StandaloneSourceError(f"module {module_name} has no source, so it cannot be copied")
    tree = ast.parse(source)
    definitions: dict[str, tuple[ast.stmt, str]] = {}
    imports: dict[str, _Import] = {}
    for position, node in enumerate(tree.body):
        imports |= {each.bound: each for each in _imports(node, module.__package__ or "")}
        for name in bound_names(node):
            text = _source_of(node, source)
            following = tree.body[position + 1] if position + 1 < len(tree.body) else None
            if following is not None and _is_text(node, following):
                text += "\n" + (ast.get_source_segment(source, following) or "")
            definitions[name] = (node, text)
    return _Module(module, definitions, imports)


def _imports(node: ast.stmt, package: str) -> Iterator[_Import]:
    if isinstance(node, ast.ImportFrom):
        relative = "." * node.level + (node.module or "")
        module = resolve_name(relative, package) if node.level else relative
        for alias in node.names:
            yield _Import(module, alias.name, alias.asname or alias.name)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            head, _, last = alias.name.rpartition(".")
            if head and alias.asname:  # `import torch.nn as nn` binds what `from torch ...` does
                yield _Import(head, last, alias.asname)
            else:
                yield _Import(alias.name, None, alias.asname or alias.name.split(".")[0])


def _source_of(node: ast.stmt, source: str) -> str:
    """Return a statement's source, decorators included."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _is_text(node: ast.stmt, following: ast.stmt) -> bool:
    """Tell whether a statement is the docstring of the assignment before it."""
    return (
        isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    )


def _names(node: ast.stmt) -> list[str]:
    """Return the names a definition refers to, in order of first use."""
    found = (child.id for child in ast.walk(node) if isinstance(child, ast.Name))
    return list(dict.fromkeys(found))


def _refused(name: str, reason: str) -> StandaloneSourceError:
    return StandaloneSourceError(f"{name} cannot be copied into a standalone module: {reason}")
