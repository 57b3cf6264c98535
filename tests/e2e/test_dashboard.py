from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nas.artifacts import open_store
from nas.database import open_database
from nas.settings import load_settings
from tests.e2e.processes import serving
from tests.nas.factories import add_job, new_loop, new_spec, run_to_the_end
from tests.nas.scaling.factories import add_finished_job
from tests.workers.in_process import InProcess
from tests.workers.training.factories import digits
from workers.baselines import JobBaselines


@pytest.mark.slow
def test_page_shows_jobs_and_follows_a_running_search(tmp_path: Path, page: Page) -> None:
    database = open_database(load_settings(data_dir=tmp_path).database_url)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with serving(tmp_path, "--no-runner") as client:
        page.goto(str(client.base_url))
        expect(page.get_by_text("No jobs yet")).to_be_visible()
        job_id = add_job(database, name="first search", trials=6)
        expect(page.get_by_role("cell", name="first search")).to_be_visible()
        expect(page.get_by_role("cell", name="0 of 6")).to_be_visible()
        run_to_the_end(new_loop(database, job_id))
        expect(page.get_by_role("cell", name="6 of 6")).to_be_visible()
        expect(page.locator("canvas")).to_be_visible()
        expect(page.get_by_text("Best architecture so far")).to_be_visible()
        expect(page.locator("svg g.node").first).to_be_visible()
        assert page.locator("svg g.node title").count() == page.locator("svg g.node").count()
        page.screenshot(path=tmp_path / "dashboard.png", full_page=True)
    assert errors == []
    database.close()


@pytest.mark.slow
def test_page_shows_the_chosen_jobs_baselines_and_templates(tmp_path: Path, page: Page) -> None:
    settings = load_settings(data_dir=tmp_path)
    database = open_database(settings.database_url)
    with serving(tmp_path, "--no-runner") as client:
        spec = new_spec(name="with baselines", baselines=["linear", "hog"])
        job_id = add_job(database, spec)
        page.goto(str(client.base_url))
        expect(page.get_by_role("cell", name="hog", exact=True)).to_be_visible()
        JobBaselines(
            database, open_store(settings), job_id, spec, digits(200, 100), InProcess()
        ).measure()
        accuracy = client.get(f"/api/v1/jobs/{job_id}").json()["baselines"][0][
            "validation_accuracy"
        ]
        expect(page.get_by_role("cell", name=f"{accuracy:.2%}").first).to_be_visible()
        picture = page.locator('[alt="templates of linear"] img, img[alt="templates of linear"]')
        expect(picture.first).to_be_visible()
        assert picture.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 90
        page.screenshot(path=tmp_path / "baselines.png", full_page=True)
        add_job(database, name="without any")
        page.get_by_role("cell", name="without any").click()
        expect(page.get_by_text("Baselines", exact=True)).to_be_hidden()
    database.close()


@pytest.mark.slow
def test_button_scales_the_chosen_jobs_winner(tmp_path: Path, page: Page) -> None:
    database = open_database(load_settings(data_dir=tmp_path).database_url)
    parent = add_finished_job(database)
    with serving(tmp_path, "--no-runner") as client:
        page.goto(str(client.base_url))
        page.get_by_role("button", name="Scale the winner").click()
        expect(page.get_by_role("cell", name="by random, scaled")).to_be_visible()
        expect(page.get_by_role("button", name="Scale the winner")).to_be_hidden()  # it is queued
        (job,) = client.get(f"/api/v1/jobs/{parent}/follow-ups").json()
        assert job["scaling"]["phis"] == [1, 2, 3]
    database.close()
