"""`nas scale`: an architecture's family by compound scaling, analysed, or trained as a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from api.cli.architecture import ClassesOption, InputOption, NamedNetwork, read_network
from api.cli.context import DatabaseOption, JsonOption, RayOption, opened
from api.cli.output import console, print_json
from api.cli.scaling_tables import print_scaling
from nas.database import Database
from nas.database.jobs import JobRow, find_or_raise_job
from nas.datasets import find_or_raise_dataset
from nas.errors import InvalidInputError
from nas.scaling.analyzing import scale_and_analyze
from nas.scaling.coefficients import PAPER, Coefficients
from nas.scaling.follow_up import FollowUpRequest, find_source, follow_up_spec, follow_up_view
from nas.scaling.network import BaseNetwork
from nas.scaling.request import PAPER_PHIS, FamilyRequest
from nas.scaling.view import ScalingView
from nas.settings import Settings
from search_spaces import Architecture, parse_architecture
from search_spaces.blocks.rounding import DIVISOR
from search_spaces.case_studies import case_studies
from search_spaces.errors import first_problem

R = TypeVar("R", bound=BaseModel)


def scale_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="JOB|TRIAL|CASE_STUDY",
            help="Id of a job (its winner) or a trial; a name of `nas case-studies`; or a file, "
            "ARCH.json. Of a follow-up job: what it trained.",
        ),
    ],
    phi: Annotated[
        list[str] | None,
        typer.Option(help="Numbers with commas between, or 1..7; may be repeated. Default: 1..7."),
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Of depth; default: the paper's 1.2.")] = None,
    beta: Annotated[float | None, typer.Option(help="Of width; default: the paper's 1.1.")] = None,
    gamma: Annotated[
        float | None, typer.Option(help="Of resolution; default: the paper's 1.15.")
    ] = None,
    multipliers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WIDTH,DEPTH,RESOLUTION",
            help="Scale by these instead, the resolution in pixels; may be repeated.",
        ),
    ] = None,
    bound: Annotated[
        list[str] | None,
        typer.Option("--target", help="Such as 'macs<=1e9': find phi for it; may be repeated."),
    ] = None,
    compare: Annotated[
        bool, typer.Option(help="Beside each member, networks larger in one way, of equal MACs.")
    ] = True,
    divisor: Annotated[int, typer.Option(help="Widths are multiples of it.")] = DIVISOR,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Train the members in a follow-up job; without coefficients, a small grid of "
            "them first.",
        ),
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs per network; default: the job's.")
    ] = None,
    final_epochs: Annotated[
        int | None, typer.Option(help="Epochs of the winner's retraining; default: the job's.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw accuracy against MACs.")
    ] = None,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Scale a network in depth, width and resolution together, as EfficientNet was."""
    family = {
        "phis": [number for text in phi or [] for number in parse_phis(text)],
        "multipliers": multipliers or [],
        "targets": bound or [],
        "compare": compare,
        "divisor": divisor,
    }
    wanted, coefficients = _validated(FamilyRequest, family), _coefficients(alpha, beta, gamma)
    _check_plot(plot)
    if target in case_studies() or Path(target).is_file():
        _refuse_training(target, train)
        view = _analyzed(read_network(target, input_shape, classes), wanted, coefficients)
    else:
        with opened(db, ray_address) as (database, settings):
            if train:
                how = {"coefficients": coefficients, "epochs": epochs, "final_epochs": final_epochs}
                request = _validated(FollowUpRequest, _with_default_phis(family, wanted) | how)
                view = _trained(database, settings, target, request, quiet=as_json)
            else:
                view = _of_database(database, target, wanted, coefficients)
    _show(view, plot, as_json)


def _check_plot(plot: Path | None) -> None:
    """Refuse a picture that cannot be written before hours of training."""
    if plot is not None and not plot.parent.is_dir():
        raise InvalidInputError(f"--plot: got {str(plot)!r}, allowed: a file in a directory")


def _refuse_training(target: str, train: bool) -> None:
    if train:
        raise InvalidInputError(
            f"--train: got {target!r}, allowed: the id of a job or a trial; a job that trains a "
            "case study: nas search --space SPACE --start-from CASE_STUDY --trials 1"
        )


def _with_default_phis(family: Mapping[str, Any], wanted: FamilyRequest) -> dict[str, Any]:
    return dict(family) if wanted.names_members else {**family, "phis": PAPER_PHIS}


def _show(view: ScalingView, plot: Path | None, as_json: bool) -> None:
    if plot is not None:
        from nas.scaling.plot import plot_scaling  # with matplotlib

        plot_scaling(plot, view)
    if as_json:
        print_json(view)
    else:
        print_scaling(view)


def parse_phis(text: str) -> list[float]:
    """Read numbers with commas between them, or a range of whole ones; raises on others."""
    first, dots, last = text.partition("..")
    try:
        if dots:
            return [float(number) for number in range(int(first), int(last) + 1)]
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise InvalidInputError(
            f"--phi: got {text!r}, allowed: numbers with commas between, or FIRST..LAST"
        ) from None


def _coefficients(
    alpha: float | None, beta: float | None, gamma: float | None
) -> Coefficients | None:
    given = {"alpha": alpha, "beta": beta, "gamma": gamma}
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if len(missing) == len(given):
        return None
    if missing:
        raise InvalidInputError(f"{', '.join(missing)}: got none, allowed: all three, or none")
    return _validated(Coefficients, given)


def _validated(kind: type[R], data: Mapping[str, Any]) -> R:
    try:
        return kind.model_validate(dict(data))
    except ValidationError as error:
        raise InvalidInputError(first_problem(error)) from error


def _analyzed(
    network: NamedNetwork, wanted: FamilyRequest, coefficients: Coefficients | None
) -> ScalingView:
    base = BaseNetwork(
        network.architecture, network.input_shape, network.num_classes, wanted.divisor
    )
    measures = {"latency_ms": _latency(network)}
    return scale_and_analyze(network.name, base, wanted, coefficients or PAPER, measures)


def _latency(network: NamedNetwork) -> Callable[[Architecture], float]:
    """Return what times a network's inference of one image on this machine."""

    def measure(architecture: Architecture) -> float:
        from nas.latency import LatencyMethod, LatencyOptions
        from workers.latency.probe import LocalProbe

        options = LatencyOptions(method=LatencyMethod.MEASURED)
        probe = LocalProbe(network.input_shape, network.num_classes, options, None)
        return probe.measure(architecture).median_ms

    return measure


def _of_database(
    database: Database, target: str, wanted: FamilyRequest, coefficients: Coefficients | None
) -> ScalingView:
    """Show what a follow-up trained, or analyse the family of a winner or trial."""
    with database.read() as session:
        job = session.get(JobRow, target)
        if job is not None and job.parent_job_id and not wanted.names_members:
            return follow_up_view(session, job)
        job, trial = find_source(session, target)
        info = find_or_raise_dataset(job.stored_spec.dataset).info
        network = NamedNetwork(
            f"trial {trial.number} of {job.name}",
            parse_architecture(trial.architecture_json),
            info.input_shape,
            info.num_classes,
        )
    return _analyzed(network, wanted, coefficients)


def _trained(
    database: Database, settings: Settings, target: str, request: FollowUpRequest, *, quiet: bool
) -> ScalingView:
    """Submit a follow-up, run it here to its end, and show what came of it."""
    with database.read() as session:
        spec = follow_up_spec(session, target, request)
    from api.cli.running import run_in_foreground
    from api.cli.search import submit
    from workers.runner import JobRunner

    runner = JobRunner(database, settings)
    job = run_in_foreground(runner, database, submit(runner, database, spec), quiet=quiet)
    if not quiet:
        console.print(f"Job {job.id}, a follow-up of {target}", highlight=False)
    with database.read() as session:
        return follow_up_view(session, find_or_raise_job(session, job.id))
