"""Taking networks away, and having the winner tested with more seeds first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import DatabaseDep, SettingsDep
from api.parameters import JobId, TrialId
from api.problems import possible
from nas.database import Database
from nas.database.artifacts import find_or_raise_artifact
from nas.database.jobs import find_or_raise_job
from nas.database.trials import find_or_raise_trial
from nas.errors import NotFoundError
from nas.export import ExportFormat, export_from_settings
from nas.final import MOST_SEEDS
from nas.ids import utc_now
from nas.representations import ArtifactView, JobView
from nas.retraining import request_seeds

router = APIRouter(tags=["exports"])

FormatField = Annotated[
    ExportFormat,
    Field(
        description="onnx (dynamic batch, checked in onnxruntime), onnx-int8 (quantised after "
        "training, for CPUs), safetensors (weights, and all the rest as metadata), torch (a "
        "torch.export program), python (a module that needs torch alone, and its weights), json "
        "(architecture, recipe and figures), card (a model card in Markdown), or bundle (an "
        "archive of them all, which `nas reproduce` trains again)",
        examples=["onnx"],
    ),
]


class TrialExportRequest(BaseModel):
    """What to export a trial as."""

    model_config = ConfigDict(extra="forbid")

    format: FormatField


class ExportRequest(TrialExportRequest):
    """What to export of a job."""

    trial_id: str | None = Field(None, description="a trial of the job; default: the winner")


class ExportView(BaseModel):
    """The files an export made."""

    format: ExportFormat
    artifacts: list[ArtifactView] = Field(
        description="the main file first; `GET /artifacts/{id}` sends each. Their `details` say "
        "what was measured on test images: `max_abs_difference` of the logits from PyTorch's, "
        "`equal_answers`, the share classified alike, `test_accuracy`; with onnx-int8 also the "
        "`accuracy_drop`"
    )


class RetrainRequest(BaseModel):
    """With how many seeds the winner is to be tested."""

    model_config = ConfigDict(extra="forbid")

    seeds: int = Field(
        ge=2,
        le=MOST_SEEDS,
        description="seeds in all, from the job's own on; those it has are not trained again",
        examples=[3],
    )


@router.post("/jobs/{job_id}/export", status_code=201, responses=possible(404, 409, 413, 415))
async def export_job(
    job_id: JobId,
    wanted: ExportRequest,
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
) -> ExportView:
    """Export the winner, or one of the job's trials, and check the result on real images."""
    await run_in_threadpool(_require_target, database, job_id, wanted.trial_id)
    return await _export(request, database, settings, wanted.trial_id or job_id, wanted.format)


@router.post("/trials/{trial_id}/export", status_code=201, responses=possible(404, 409, 413, 415))
async def export_trial(
    trial_id: TrialId,
    wanted: TrialExportRequest,
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
) -> ExportView:
    """Export a trial as the search left it, and check the result on real images."""
    await run_in_threadpool(_require_target, database, None, trial_id)
    return await _export(request, database, settings, trial_id, wanted.format)


@router.post("/jobs/{job_id}/retrain", status_code=202, responses=possible(404, 409, 413, 415))
def retrain(job_id: JobId, wanted: RetrainRequest, database: DatabaseDep) -> JobView:
    """Queue an ended job to have its winner retrained and tested with more seeds.

    `final` then shows each test, their mean and their standard deviation. The weights stay those of
    the first seed.
    """
    with database.write() as session:
        return JobView.of(session, request_seeds(session, job_id, wanted.seeds, utc_now()))


def _require_target(database: Database, job_id: str | None, trial_id: str | None) -> None:
    """Raise `NotFoundError` unless the job is there, and the trial is one of it."""
    with database.read() as session:
        job = None if job_id is None else find_or_raise_job(session, job_id)
        trial = None if trial_id is None else find_or_raise_trial(session, trial_id)
        if job is not None and trial is not None and trial.job_id != job.id:
            raise NotFoundError(f"job {job_id} has no trial {trial_id!r}")


async def _export(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    target_id: str,
    export_format: ExportFormat,
) -> ExportView:
    # In a process of its own: tracing a network would hold up every other request.
    ids = await request.app.state.torch_process.run(
        export_from_settings, settings, target_id, export_format
    )
    with database.read() as session:
        views = [ArtifactView.of(find_or_raise_artifact(session, each)) for each in ids]
    return ExportView(format=export_format, artifacts=views)
