"""`nas reproduce`: train an exported network again from its bundle alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import JsonOption
from api.cli.exit_codes import EXIT_FAILED
from api.cli.output import console, print_json, print_table
from api.wording import percent
from nas.datasets.location import absolute

if TYPE_CHECKING:
    from workers.reproducing import Reproduction


def reproduce_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder or .zip of a bundle.")],
    dataset: Annotated[
        str | None,
        typer.Option(help="Where the images are here; only for those that lie in files."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Largest difference of an accuracy; default: none on a CPU with the same "
            "versions, else three standard deviations of what chance makes of it.",
        ),
    ] = None,
    all_seeds: Annotated[bool, typer.Option(help="Every seed, not the first alone.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Retrain from an exported bundle and compare; exit code 1 if the accuracy does not come out.

    Compared are the accuracy on the images that the bundle's figure is of, and, as told and not
    judged, loss and weights. Neither database nor cluster are used.
    """
    from nas.export.manifest import read_bundle
    from workers.reproducing import reproduce

    def show(seed: int, epoch: int, epochs: int) -> None:
        if not as_json and console.is_terminal:
            console.print(f"seed {seed}: epoch {epoch} of {epochs}", end="\r", highlight=False)

    result = reproduce(
        read_bundle(bundle),
        dataset=None if dataset is None else absolute(dataset, Path.cwd()),
        tolerance=tolerance,
        all_seeds=all_seeds,
        on_epoch=show,
    )
    if as_json:
        print_json({**asdict(result), "is_reproduced": result.is_reproduced})
    else:
        _print(result)
    if not result.is_reproduced:
        raise typer.Exit(EXIT_FAILED)


def _print(result: Reproduction) -> None:
    print_table(
        ("seed", "accuracy in bundle", "now", "loss in bundle", "now", "weights differ by"),
        [
            (
                each.seed,
                percent(each.expected_accuracy),
                percent(each.accuracy),
                f"{each.expected_loss:.6g}",
                f"{each.loss:.6g}",
                "–" if each.max_weight_difference is None else f"{each.max_weight_difference:.1e}",
            )
            for each in result.seeds
        ],
        "no seeds",
    )
    verdict = "reproduced" if result.is_reproduced else "not reproduced"
    allowed = "equal" if result.tolerance == 0 else f"within {100 * result.tolerance:.2f} points"
    console.print(
        f"{verdict}: the accuracy on {result.images} {result.split} images is to be {allowed}",
        highlight=False,
    )
