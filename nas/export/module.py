"""Writing the network as a Python module that needs torch alone, with its figures as constants."""

from __future__ import annotations

import ast
from typing import Any

from nas.export.description import Description
from search_spaces import Architecture, standalone_source
from search_spaces.formatting import formatted
from search_spaces.standalone import check_names


def write_module_source(architecture: Architecture, description: Description) -> str:
    """Return the module's source, formatted; raises `StandaloneSourceError`."""
    shape, num_classes = description.input.shape, len(description.classes)
    source = standalone_source(architecture, shape, num_classes)
    lines = source.splitlines()
    end = _end_of_imports(source)
    constants = "\n\n".join(
        f'{name} = {_literal(value)}\n"""{meaning}"""'
        for name, value, meaning in _constants(description)
    )
    written = formatted("\n".join([*lines[:end], "", constants, "", *lines[end:], ""]))
    check_names(written)
    return written


def _constants(description: Description) -> list[tuple[str, Any, str]]:
    training, measured = description.training, description.measured
    constants: list[tuple[str, Any, str]] = [
        ("INPUT_SHAPE", description.input.shape, "Channels, height and width of an image."),
        ("CLASSES", description.classes, "What the logits stand for, in their order."),
        ("PARAMETERS", description.params, "Trainable parameters."),
        ("MACS", description.macs, "Multiply-accumulates for one image."),
        ("RECIPE", description.recipe.model_dump(mode="json"), "How the weights were trained."),
        (
            "TRAINING",
            {"dataset": description.dataset, **training.model_dump(mode="json")},
            "On which images, for how long, and from which seed.",
        ),
        (
            "MEASURED",
            measured.model_dump(mode="json"),
            "What it reached on images it had not seen.",
        ),
    ]
    if description.final is not None and description.final.further:
        final = description.final.model_dump(mode="json")
        chosen = {key: final[key] for key in ("mean_test_accuracy", "std_test_accuracy", "further")}
        constants.append(("SEEDS", chosen, "The test over all seeds, the first's included."))
    return constants


def _literal(value: Any) -> str:
    return f"{value:_}" if type(value) is int else repr(value)


def _end_of_imports(source: str) -> int:
    """Return the number of the last line of the imports at the top."""
    imports = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return max((node.end_lineno or node.lineno for node in imports), default=0)
