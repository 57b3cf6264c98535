"""Ray's own memory monitor, which ends workers where their node is short of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nas.errors import TrialInfeasibleError
from nas.resources import Resources
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from tests.faults.invariants import assert_sound
from tests.faults.jobs import new_training_loop
from tests.nas.factories import add_job, new_database
from tests.workers.training.factories import digits, new_task
from workers.cluster import ensure_ray
from workers.memory_monitor import bytes_at_kill, with_half_batches_after_kill
from workers.surviving import surviving
from workers.training.evaluator import TrainingEvaluator
from workers.tuning import run_trials

ALWAYS_SHORT = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "100"}


@pytest.fixture
def short_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node whose memory counts as used up once a hundredth of it is."""
    import ray

    for name, value in ALWAYS_SHORT.items():
        monkeypatch.setenv(name, value)
    ensure_ray(None)
    yield
    ray.shutdown()


@pytest.mark.slow
def test_trial_whose_worker_the_monitor_ends_is_tried_with_half_its_batch_and_then_infeasible(
    tmp_path, short_cluster
):
    database = new_database(tmp_path)
    job_id = add_job(database, trials=1, epochs=3)
    evaluator = surviving(TrainingEvaluator(digits()), Resources())
    run_trials(new_training_loop(database, job_id, tmp_path), evaluator, Resources(), lambda: False)
    (trial,) = assert_sound(database, job_id)
    assert (trial.status, trial.batch_size) == (TrialStatus.INFEASIBLE, 32)
    assert trial.error.startswith("out of memory: Ray's memory monitor ended its worker at ")
    assert "had run out with 64 images per step" in trial.error
    assert trial.memory_bytes > 1 << 20
    database.close()


def test_message_of_the_monitor_tells_what_the_worker_used(tmp_path):
    told = (
        "1 worker(s) were killed due to the node running low on memory. Memory on the node was "
        "16.18GB used / 23.54GB limit\nSelected to kill: (Actor(43): pid=1151, actual memory "
        "used=1.50GB, worker ID=9e)\nTop 10 memory users: 9.99GB"
    )
    assert bytes_at_kill(told) == 1.5 * (1 << 30)
    assert bytes_at_kill("The actor died: SIGKILL, perhaps by the OOM killer") is None
    task = with_half_batches_after_kill(new_task(tmp_path), 1000)
    assert task.shortage == MemoryShortage(32, 1000)
    with pytest.raises(TrialInfeasibleError, match=r"at 2,000 bytes; .* did again with 32"):
        with_half_batches_after_kill(replace(task), 2000)
