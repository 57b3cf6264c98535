"""`nas score`: what the zero-cost proxies say of an architecture, and how long they take."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, Field

from api.cli.architecture import ArchitectureArgument, read_network
from api.cli.context import JsonOption
from api.cli.output import console, print_json, print_table
from nas.datasets import find_or_raise_dataset
from nas.datasets.location import absolute
from nas.errors import InvalidInputError
from nas.proxies import PROXIES
from nas.recipe import Recipe
from search_spaces import Architecture
from search_spaces.analysis import analyze


class ScoreView(BaseModel):
    """One proxy's score."""

    proxy: str
    score: float | None = Field(description="larger is better; null: the proxy has none")
    seconds: float = Field(description="what it took, building the network included")


class ScoresView(BaseModel):
    """All proxies' scores of an architecture."""

    name: str
    dataset: str
    batch_size: int = Field(description="training images that the proxies look at")
    scores: list[ScoreView]


def score_command(
    architecture: ArchitectureArgument,
    dataset: Annotated[str, typer.Option(help="Data set, see `nas datasets`.")] = "digits",
    batch_size: Annotated[
        int, typer.Option(min=2, max=65_536, help="Training images to look at.")
    ] = Recipe().batch_size,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and mini-batch.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Score an architecture, untrained, by every zero-cost proxy."""
    network = read_network(architecture, None, None)
    scores = _scores(network.architecture, dataset, batch_size, seed)
    view = ScoresView(name=network.name, dataset=dataset, batch_size=batch_size, scores=scores)
    if as_json:
        print_json(view)
        return
    print_table(
        ("proxy", "score", "seconds"),
        [
            (each.proxy, "–" if each.score is None else f"{each.score:.6g}", f"{each.seconds:.3f}")
            for each in view.scores
        ],
        "no proxies",
        numbers=("score", "seconds"),
    )
    console.print(f"on {batch_size} training images of {dataset}", highlight=False)


def _scores(
    architecture: Architecture, dataset: str, batch_size: int, seed: int
) -> list[ScoreView]:
    try:
        found = find_or_raise_dataset(absolute(dataset, Path.cwd()))
    except ValueError as error:
        raise InvalidInputError(f"--dataset: {error}") from None
    shape, classes = found.info.input_shape, found.info.num_classes
    analyze(architecture, shape, classes)  # refuses what has no network for these images
    from workers.proxies.scorer import ProxyScorer  # needs torch
    from workers.training.evaluator import pick_device

    scorer = ProxyScorer(
        found.load().train,
        shape,
        classes,
        recipe=Recipe(batch_size=batch_size),
        seed=seed,
        device=pick_device(),
    )
    scores = ((proxy, scorer.score(architecture, proxy)) for proxy in PROXIES)
    return [
        ScoreView(
            proxy=proxy,
            score=each.value if isfinite(each.value) else None,
            seconds=each.seconds,
        )
        for proxy, each in scores
    ]
