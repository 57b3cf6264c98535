from __future__ import annotations

import io

import pytest
from PIL import Image

from nas.artifacts import ArtifactStore
from nas.baselines import BaselineResult
from nas.baselines.measuring import measure_on_test, measure_on_validation
from nas.database.artifacts import list_artifacts
from nas.database.baselines import list_baselines
from tests.nas.factories import add_job, new_database, new_spec
from tests.workers.in_process import InProcess
from tests.workers.training.factories import digits
from workers.baselines import JobBaselines

NAMES = ["linear", "color-histogram"]


@pytest.fixture
def database(tmp_path):
    opened = new_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def data():
    return digits(train=300, validation=100)


@pytest.fixture
def start(database, data, tmp_path):
    spec = new_spec(baselines=NAMES)
    job_id = add_job(database, spec)
    return lambda calls: JobBaselines(
        database, ArtifactStore(f"file://{tmp_path}"), job_id, spec, data, calls
    )


def results(job: JobBaselines) -> dict[str, BaselineResult]:
    with job.database.read() as session:
        rows = list_baselines(session, job.job_id)
        return {row.name: BaselineResult.model_validate(row) for row in rows}


def test_figures_are_those_of_validation_until_the_test(start, data):
    job = start(InProcess())
    job.measure()
    measured = results(job)
    assert sorted(measured) == sorted(NAMES)
    for name in NAMES:
        expected = measure_on_validation(name, data, 10, 0).result
        assert measured[name].validation_accuracy == expected.validation_accuracy
        assert measured[name].parameters == expected.parameters
        assert measured[name].test_accuracy is None
    job.test()
    for name, result in results(job).items():
        assert result.test_accuracy == measure_on_test(name, data, 10, 0)
        assert result.model_copy(update={"test_accuracy": None}) == measured[name]


def test_resumed_job_fits_and_tests_only_what_is_missing(start):
    first = InProcess(stop_after=1)
    start(first).measure()
    second = InProcess()
    resumed = start(second)
    resumed.measure()
    assert first.calls == [("measure_on_validation", "linear")]
    assert second.calls == [("measure_on_validation", "color-histogram")]
    third = InProcess(stop_after=1)
    start(third).test()
    fourth = InProcess()
    again = start(fourth)
    again.measure()
    again.test()
    assert len(third.calls) == len(fourth.calls) == 1
    assert {name for _, name in third.calls + fourth.calls} == set(NAMES)
    assert None not in {result.test_accuracy for result in results(again).values()}


def test_baseline_that_fails_keeps_its_reason_and_is_not_tried_again(start):
    start(InProcess(failing="linear")).measure()
    calls = InProcess()
    job = start(calls)
    job.measure()
    job.test()
    assert calls.calls == [("measure_on_test", "color-histogram")]
    assert results(job)["linear"] == BaselineResult(name="linear", error="MemoryError: too large")


def test_templates_are_an_artefact_of_the_job(start):
    job = start(InProcess())
    job.measure()
    with job.database.read() as session:
        (artifact,) = list_artifacts(session, job.job_id)
    assert (artifact.kind, artifact.details) == ("templates", {"baseline": "linear"})
    with job.artifacts.open(artifact.sha256) as file:
        content = file.read()
    assert len(content) == artifact.size_bytes
    assert Image.open(io.BytesIO(content)).format == "PNG"


def test_job_that_asks_for_none_measures_none(database, data, tmp_path):
    calls = InProcess()
    job = JobBaselines(
        database, ArtifactStore(f"file://{tmp_path}"), add_job(database), new_spec(), data, calls
    )
    job.measure()
    job.test()
    assert calls.calls == []
