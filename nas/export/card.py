"""The model card: what the network is, how well it does, and where it comes from, in Markdown.

Mitchell et al., Model Cards for Model Reporting, FAT* 2019; the head is that of model hubs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nas.export.description import Description
from search_spaces import Architecture, draw


def write_card(
    architecture: Architecture,
    description: Description,
    files: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Write the card; `files` are those of its bundle with what was checked about each."""
    lineage = description.lineage
    sections = [
        _head(description),
        f"# {_plain(lineage.job_name)}",
        f"A convolutional network of {description.params:,} parameters and {description.macs:,} "
        f"multiply-accumulates per image, found by architecture search. It takes images of "
        f"{'x'.join(map(str, description.input.shape))} values ({description.input.values}) and "
        f"tells {len(description.classes)} classes apart.",
        f"```text\n{draw(architecture)}\n```",
        "## Results",
        *_results(description),
        "## Data",
        _table(
            ("data set", "images"),
            [
                (description.dataset, ""),
                *((f"{split} split", f"{count:,}") for split, count in description.images.items()),
            ],
        ),
        f"Classes, in the order of the logits: {', '.join(map(_plain, description.classes))}.",
        "## Recipe",
        f"Trained on the {description.training.images} images for {description.training.epochs} "
        f"epochs from seed {description.training.seed}.",
        _table(("setting", "value"), _flat(description.recipe.model_dump(mode="json"))),
        "## How it was found",
        _table(("", ""), _lineage(description)),
        *_files(files or {}),
        "## Limits",
        "It was measured on images of the one data set above, drawn as its training images were. "
        "Nothing is known of how it does on others, of single groups among the images, or of "
        "images made to deceive it.",
    ]
    return "\n\n".join(sections) + "\n"


def _head(description: Description) -> str:
    measured = description.measured
    metric = {"type": "accuracy", "value": measured.accuracy, "name": f"{measured.split} accuracy"}
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"name": description.dataset, "type": description.dataset},
        "metrics": [metric],
    }
    head = {
        "library_name": "pytorch",
        "pipeline_tag": "image-classification",
        "tags": ["neural-architecture-search", "image-classification"],
        "model-index": [{"name": description.lineage.job_name, "results": [result]}],
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]  # JSON is YAML
    return "\n".join(["---", *lines, "---"])


def _results(description: Description) -> list[str]:
    measured, final = description.measured, description.final
    validation = description.validation_metrics
    rows = [("validation, in the search", description.seed, validation.accuracy, validation.loss)]
    if final is None:
        text = (
            "The weights are those of a trial of the search: trained on the train split alone and "
            "chosen by the validation split, so that its figures are too good by that choice. The "
            "test split was not looked at."
        )
        return [_results_table(rows), text]
    rows.append(("test, retrained", description.training.seed, measured.accuracy, measured.loss))
    rows += [("test, retrained", r.seed, r.test_accuracy, r.test_loss) for r in final.further]
    seeds = 1 + len(final.further)
    spread = (
        f"Over {seeds} seeds the test accuracy is {final.mean_test_accuracy:.4f} ± "
        f"{final.std_test_accuracy:.4f} (mean and sample standard deviation)."
        if final.std_test_accuracy is not None
        else "It was retrained with one seed: how far another seed's accuracy may lie is not known."
    )
    text = (
        "The architecture was chosen by the validation split, then retrained on train and "
        "validation images and measured on the test split once for each seed. The weights are "
        "those of the first seed, whatever the others gave."
    )
    return [_results_table(rows), spread, text]


def _results_table(rows: Iterable[tuple[str, int, float | None, float | None]]) -> str:
    return _table(
        ("measured on", "seed", "accuracy", "cross-entropy, nats"),
        [(split, seed, _number(accuracy), _number(loss)) for split, seed, accuracy, loss in rows],
    )


def _lineage(description: Description) -> list[tuple[str, object]]:
    lineage, cost = description.lineage, description.lineage.cost
    rows: list[tuple[str, object]] = [
        ("search space", lineage.space),
        ("sampler", f"{lineage.sampler}, seed {lineage.seed}"),
        ("evaluator", lineage.evaluator),
        ("objective", lineage.objective),
        ("constraints", ", ".join(lineage.constraints) or "none"),
        ("started from", ", ".join(lineage.start_from) or "nothing"),
        ("job", f"{lineage.job_id} of {lineage.created_at:%Y-%m-%d}"),
        ("trial", f"{lineage.trial_id}, number {lineage.trial_number}"),
        ("answered by trial", lineage.answered_by),
        ("continued trial", lineage.continued),
        ("architecture hash", description.architecture_hash),
        ("search cost, trials", f"{cost.trials:,}, of them {cost.trained:,} trained to the end"),
        ("search cost, epochs", f"{cost.epochs:,}"),
        ("search cost, training", f"{cost.train_seconds:,.1f} s"),
        (
            "from start to end",
            None if cost.elapsed_seconds is None else f"{cost.elapsed_seconds:,.1f} s",
        ),
    ]
    environment = description.environment
    if environment is not None:
        packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
        rows += [
            ("device", environment.device),
            ("versions", f"Python {environment.python}, {packages}"),
            ("git revision", environment.git_revision),
        ]
    return [(name, value) for name, value in rows if value is not None]


def _files(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not files:
        return []
    rows = [
        (name, "; ".join(f"{key} {_number(value)}" for key, value in checked.items()) or "–")
        for name, checked in files.items()
    ]
    return ["## Files", _table(("file", "checked on test images"), rows)]


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", "–" if value is None else value))
    return rows


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_plain(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line: names are the user's."""
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in text)
    return " ".join(escaped.split())
