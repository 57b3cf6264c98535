"""`nas jobs`, `nas trials`, `nas best`: looking at jobs, stopping and resuming them."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.baselines import baseline_rows, baseline_summary
from api.cli.context import DatabaseOption, JsonOption, RayOption, opened
from api.cli.onlooker import best_of, find_service, looking
from api.cli.output import console, local_time, print_json, print_table
from api.cli.pareto import print_front
from api.cli.remote import print_there, wait_there
from api.wording import percent, spread
from nas.client import Job
from nas.database import Database
from nas.errors import NotFoundError
from nas.hyperparameters import PREFIX, decisions_of, nearest_answers
from nas.ids import utc_now
from nas.job_file import write_job_file
from nas.objective_request import objective_of
from nas.retraining import request_seeds
from nas.retrying import retry_failed_trials
from nas.settings import Settings
from search_spaces import draw, parse_architecture

app = typer.Typer(help="List, show, stop and resume jobs.", no_args_is_help=True)

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@app.command("list")
def list_command(db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List all jobs, newest first."""
    with looking(db) as onlooker:
        jobs = onlooker.jobs()
    if as_json:
        print_json(jobs)
        return
    print_table(
        ("job", "name", "status", "trials", "best", "test", "created"),
        [
            (
                job.id,
                job.name,
                job.status,
                f"{job.trials_done}/{job.trials}",
                percent(job.best.metrics.accuracy if job.best else None),
                percent(job.test_accuracy),
                local_time(job.created_at),
            )
            for job in jobs
        ],
        "No jobs yet. Start one with `nas search`.",
    )


@app.command("show")
def show(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show one job."""
    with looking(db) as onlooker:
        job = onlooker.job(job_id)
    if as_json:
        print_json(job)
        return
    counts = ", ".join(f"{n} {status}" for status, n in job.trials_by_status.items())
    print_table(
        ("field", "value"),
        [
            ("id", job.id),
            ("name", job.name),
            ("status", job.status),
            ("error", job.error or "–"),
            ("search", f"{job.space} by {job.sampler} on {job.dataset}, seed {job.seed}"),
            ("scales", "–" if job.scaling is None else f"trial {job.scaling.trial_id}"),
            ("scheduler", "–" if job.scheduler is None else job.scheduler.name),
            ("objective", objective_of(job.objective)),
            ("constraints", ", ".join(job.constraints) or "–"),
            ("trials", f"{job.trials_done} of {job.trials} done ({counts or 'none yet'})"),
            ("best validation", percent(job.best.metrics.accuracy if job.best else None)),
            ("test", percent(job.test_accuracy)),
            ("test, all seeds", spread(job.final)),
            ("baselines, validation", baseline_summary(job.baselines)),
            ("created", local_time(job.created_at)),
            ("started", local_time(job.started_at)),
            ("finished", local_time(job.finished_at)),
        ],
        "",
    )


@app.command("config")
def config(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Write a job as a file that reproduces it: nas search --config FILE."""
    with looking(db) as onlooker:
        spec = onlooker.spec(job_id)
    if as_json:
        print_json(spec)
    else:
        console.file.write(write_job_file(spec))


@app.command("stop")
def stop(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Ask a job to stop; what it has done stays, and it can be resumed."""
    with looking(db) as onlooker:
        job = onlooker.stop(job_id)
    if as_json:
        print_json(job)
    else:
        console.print(f"job {job_id} is {job.status}")


@app.command("resume")
def resume(
    job_id: JobArgument,
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a stopped, failed or abandoned job, here and now."""
    service = find_service(db)
    if service is not None:
        _go_on_there(service.job(job_id).resume(), as_json)
        return
    with opened(db, ray_address) as (database, settings):
        _go_on(database, settings, job_id, as_json)


@app.command("retry")
def retry(
    job_id: JobArgument,
    trial: Annotated[
        list[str] | None, typer.Option(help="Id of a failed trial; may be repeated; default: all.")
    ] = None,
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a job's trials again that failed or ran out of memory, here and now."""
    service = find_service(db)
    if service is not None:
        for each in trial or ():
            service.retry_trial(each)
        job = service.job(job_id)
        _go_on_there(job if trial else job.retry(), as_json)
        return
    with opened(db, ray_address) as (database, settings):
        with database.write() as session:
            retry_failed_trials(session, settings.artifact_dir, job_id, utc_now(), trial or ())
        _go_on(database, settings, job_id, as_json)


@app.command("retrain")
def retrain(
    job_id: JobArgument,
    seeds: Annotated[int, typer.Option(help="Seeds in all, those it was tested with included.")],
    db: DatabaseOption = None,
    ray_address: RayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retrain an ended job's winner with more seeds, here and now."""
    service = find_service(db)
    if service is not None:
        _go_on_there(service.job(job_id).retrain(seeds), as_json)
        return
    with opened(db, ray_address) as (database, settings):
        with database.write() as session:
            request_seeds(session, job_id, seeds, utc_now())
        _go_on(database, settings, job_id, as_json)


@app.command("delete")
def delete(
    job_id: JobArgument,
    trial: Annotated[
        list[str] | None,
        typer.Option(help="Delete only this ended trial of the job; may be repeated."),
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Delete a job for good, with its trials, results, logs and files; or some of its trials."""
    with looking(db) as onlooker:
        known = {view.id for view in onlooker.trials(job_id)} if trial else set()
        for each in trial or ():
            if each not in known:
                raise NotFoundError(f"job {job_id} has no trial {each!r}")
            onlooker.delete_trial(each)
        if not trial:
            onlooker.delete_job(job_id)
    what = f"{len(trial)} of its trials" if trial else "all of it"
    console.print(f"job {job_id}: {what} deleted", highlight=False)


def _go_on_there(job: Job, as_json: bool) -> None:
    """Follow a job at the service to its end and show its results."""
    ended = wait_there(job, quiet=as_json)
    if as_json:
        print_json(ended)
    else:
        print_there([ended], {})


def _go_on(database: Database, settings: Settings, job_id: str, as_json: bool) -> None:
    """Run a job to its end and show its results."""
    from api.cli.running import export_results, print_results, run_in_foreground
    from workers.runner import JobRunner

    runner = JobRunner(database, settings)
    runner.claim(job_id)
    job = run_in_foreground(runner, database, job_id, quiet=as_json)
    exports = export_results(database, settings, job, None)
    if as_json:
        print_json(job)
    else:
        print_results(settings, [job], exports)


def trials(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List a job's trials."""
    with looking(db) as onlooker:
        views = onlooker.trials(job_id)
    if as_json:
        print_json(views)
        return
    print_table(
        (
            "trial",
            "number",
            "status",
            "epochs",
            "last rung",
            "accuracy",
            "parameters",
            "MACs",
            "reason",
        ),
        [
            (
                view.id,
                view.number,
                view.status,
                f"{view.epochs_done}/{view.budget}",
                view.rungs[-1].epoch if view.rungs else "–",
                percent(view.metrics.accuracy),
                f"{view.metrics.params:,}",
                f"{view.metrics.macs:,}",
                view.error or "",
            )
            for view in views
        ],
        "No trials yet.",
    )


def best(job_id: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show a job's best trial so far, beside its baselines.

    Of several objectives the first decides, and the job's whole front is shown.
    """
    with looking(db) as onlooker:
        job = onlooker.job(job_id)
        view = best_of(job)
        several = objective_of(job.objective).count > 1
        front = onlooker.pareto(job_id, None) if several else None
    if as_json:
        print_json(view)
        return
    console.print(draw(parse_architecture(view.architecture)), highlight=False, markup=False)
    print_table(
        ("trial", "number", "parameters", "MACs", "validation", "test"),
        [
            (
                view.id,
                view.number,
                f"{view.metrics.params:,}",
                f"{view.metrics.macs:,}",
                percent(view.metrics.accuracy),
                percent(job.test_accuracy),
            ),
            *baseline_rows(job.baselines),
        ],
        "",
    )
    if job.hyperparameters:
        answers = nearest_answers(view.recipe, decisions_of(job.hyperparameters))
        found = ", ".join(f"{name.removeprefix(PREFIX)} {value}" for name, value in answers.items())
        console.print(f"hyper-parameters: {found}", highlight=False, markup=False)
    if front is not None:
        print_front(front)
