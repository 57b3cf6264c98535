"""`nas search`: submit a job and run it here and now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.baselines import wanted_baselines
from api.cli.context import DatabaseOption, JsonOption, RayOption, opened
from api.cli.job_file import request_with_file
from api.cli.onlooker import find_service
from api.cli.options import parse_options, parse_texts
from api.cli.output import print_json
from api.cli.remote import print_there, search_there
from api.cli.results import summary
from nas.client import Client
from nas.database import Database
from nas.database.jobs import create_job
from nas.datasets.location import absolute
from nas.errors import InvalidInputError
from nas.ids import utc_now
from nas.job import JobSpec, parse_job_spec


def search(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Job file, YAML or JSON; options given beside it win over it."),
    ] = None,
    space: Annotated[str, typer.Option(help="Search space, see `nas spaces`.")] = "cell",
    sampler: Annotated[str, typer.Option(help="Sampler, see `nas samplers`.")] = "model",
    dataset: Annotated[str, typer.Option(help="Data set, see `nas datasets`.")] = "digits",
    trials: Annotated[int, typer.Option(help="Architectures to evaluate.")] = 20,
    epochs: Annotated[int, typer.Option(help="Epochs per candidate.")] = 5,
    final_epochs: Annotated[int, typer.Option(help="Epochs of the winner's retraining.")] = 60,
    final_seeds: Annotated[int, typer.Option(help="Seeds the winner is retrained with.")] = 1,
    evaluator: Annotated[
        str, typer.Option(help="training, proxy:NAME (see `nas proxies`) or weight-sharing.")
    ] = "training",
    evaluator_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as candidates=200; may be repeated.")
    ] = None,
    screen: Annotated[
        str | None,
        typer.Option(help="Proxy by which proposals compete for each trial, see `nas proxies`."),
    ] = None,
    screen_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as candidates=8; may be repeated.")
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="A metric; several, as accuracy,params,latency_ms; or MnasNet's, "
            "as 'accuracy*(latency_ms/5)^-0.07'. Default: accuracy; with evaluator proxy:NAME "
            "its score."
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(help="Such as 'params<=1e6' or 'latency_ms<=5'; may be repeated."),
    ] = None,
    latency_option: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, such as batch_size=8 or method=measured."),
    ] = None,
    start_from: Annotated[
        list[str] | None,
        typer.Option(help="Case study to evaluate first, as resnet-18; may be repeated."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="What stops trials early, see `nas schedulers`; default: nothing."),
    ] = None,
    scheduler_option: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, such as reduction_factor=3; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of proposals and training.")] = 0,
    name: Annotated[str, typer.Option(help="Label of the job.")] = "",
    space_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as filters=16; may be repeated.")
    ] = None,
    sampler_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as ppo_clip=0.2; may be repeated.")
    ] = None,
    recipe_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as batch_size=128; may be repeated.")
    ] = None,
    hyperparameter: Annotated[
        list[str] | None,
        typer.Option(
            help="Search it too: learning_rate=0.01..0.3:log:8 or optimizer=sgd,adamw or "
            "augmentation.max_shift=0,1,2; may be repeated."
        ),
    ] = None,
    cpus_per_trial: Annotated[
        float | None, typer.Option(help="CPU cores per trial; default: 1.")
    ] = None,
    gpus_per_trial: Annotated[
        float | None,
        typer.Option(help="GPUs per trial: a fraction, or several; default: what it fills."),
    ] = None,
    workers_per_trial: Annotated[
        int | None, typer.Option(help="Processes that train a candidate together; default: 1.")
    ] = None,
    max_concurrent: Annotated[int | None, typer.Option(help="Trials at once, at most.")] = None,
    epoch_timeout: Annotated[
        float | None, typer.Option(help="Seconds an epoch may take before its trial has failed.")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(help="Run this sampler too, on an equal budget; may be repeated."),
    ] = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(help="all, or names with commas between, see `nas baselines`."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the winner's exports.")] = None,
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search for the best network, retrain it, test it once, and export it."""
    service = find_service(db)
    flags: dict[str, Any] = {
        "name": name,
        "space": space,
        "sampler": sampler,
        "space_options": parse_options("--space-option", space_option),
        "sampler_options": parse_options("--sampler-option", sampler_option),
        # Over REST, paths are the service's, below its NAS_DATA_DIR.
        "dataset": dataset if service else absolute(dataset, Path.cwd()),
        "trials": trials,
        "epochs": epochs,
        "final_epochs": final_epochs,
        "final_seeds": final_seeds,
        "evaluator": evaluator,
        "evaluator_options": parse_options("--evaluator-option", evaluator_option),
        "screen": _screen(screen, screen_option),
        **_without_none(objective=objective),
        "constraints": constraint or [],
        "latency": parse_options("--latency-option", latency_option),
        "baselines": wanted_baselines(baselines),
        "start_from": start_from or [],
        "scheduler": _scheduler(scheduler, scheduler_option),
        "seed": seed,
        "recipe": parse_options("--recipe-option", recipe_option),
        "hyperparameters": parse_texts("--hyperparameter", hyperparameter),
        "resources": _without_none(
            cpus_per_trial=cpus_per_trial,
            gpus_per_trial=gpus_per_trial,
            workers_per_trial=workers_per_trial,
            max_concurrent_trials=max_concurrent,
            epoch_timeout_seconds=epoch_timeout,
        ),
    }
    request = request_with_file(context, config, flags)
    specs = [parse_job_spec(request)]
    for other in compare or []:
        # The same data have the same baselines; the first job's are enough.
        changes = {"sampler": other, "sampler_options": {}, "baselines": []}
        specs.append(parse_job_spec(request | changes))
    if out is not None and out.exists() and not out.is_dir():
        raise InvalidInputError(f"--out: got {str(out)!r}, allowed: a directory")
    if service is not None:
        _run_there(service, specs, out=out, ray_address=ray_address, as_json=as_json)
        return
    for spec in specs:
        _check_feasible(spec)
    run_search(specs, out=out, db=db, ray_address=ray_address, as_json=as_json)


def _screen(proxy: str | None, options: list[str] | None) -> dict[str, Any] | None:
    """Return the screening's proxy and options; the proxy may come from a job file."""
    given = parse_options("--screen-option", options)
    return (given if proxy is None else given | {"proxy": proxy}) or None


def _scheduler(name: str | None, options: list[str] | None) -> dict[str, Any] | None:
    """Return the scheduler's name and options; a name alone may come from a job file."""
    given = parse_options("--scheduler-option", options)
    return (given if name is None else given | {"name": name}) or None


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _check_feasible(spec: JobSpec) -> None:
    from nas.feasibility import check_feasible  # needs torch, which bad input above does without

    check_feasible(spec)


def run_search(
    specs: list[JobSpec],
    *,
    out: Path | None,
    db: str | None,
    ray_address: str | None,
    as_json: bool,
) -> None:
    """Run the jobs one after the other, export the first one's winner and print all results."""
    with opened(db, ray_address) as (database, settings):
        from api.cli.running import export_results, print_results, run_in_foreground
        from workers.runner import JobRunner

        runner = JobRunner(database, settings)
        jobs = [
            run_in_foreground(runner, database, submit(runner, database, spec), quiet=as_json)
            for spec in specs
        ]
        exports = export_results(database, settings, jobs[0], out)
        if as_json:
            print_json(summary(jobs[0], exports) | {"compared": [summary(j) for j in jobs[1:]]})
        else:
            print_results(settings, jobs, exports)


def _run_there(
    service: Client,
    specs: list[JobSpec],
    *,
    out: Path | None,
    ray_address: str | None,
    as_json: bool,
) -> None:
    """Let the service run the jobs, and print their results."""
    if ray_address is not None:
        raise InvalidInputError(
            f"--ray-address: got {ray_address!r} with NAS_API_URL set, allowed: one of them, for "
            "the service has a cluster of its own"
        )
    with service:
        jobs, exports = search_there(service, specs, out, quiet=as_json)
    if as_json:
        print_json(summary(jobs[0], exports) | {"compared": [summary(j) for j in jobs[1:]]})
    else:
        print_there(jobs, exports)


def submit(runner: Any, database: Database, spec: JobSpec) -> str:
    """Create a job and claim it in one transaction, so that no other runner takes it."""
    with database.write() as session:
        job_id = create_job(session, spec, utc_now()).id
        runner.claim_in(session, job_id)
    return job_id
