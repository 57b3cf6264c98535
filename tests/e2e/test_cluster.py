"""Jobs over a real cluster of several nodes, each with its raylet, on this machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import ray
from ray._private.node import Node
from ray.cluster_utils import Cluster
from safetensors.torch import load_file
from torch.testing import assert_close

from nas.database import open_database
from nas.database.jobs import find_or_raise_job
from nas.database.trials import list_metrics
from nas.errors import ClusterUnavailableError, InvalidInputError
from nas.evaluation import TrialTask
from nas.layout import WEIGHTS_NAME, trial_directory
from nas.recipe import Recipe
from nas.resources import Resources
from nas.settings import load_settings
from nas.status import JobStatus, TrialStatus
from search_spaces import parse_architecture
from tests.e2e.placing import PlaceEvaluator
from tests.e2e.processes import start, wait_for
from tests.nas.factories import add_job, new_database, new_loop
from tests.nas.test_search import trials_of
from tests.workers.training.factories import digits, new_task
from workers.cluster import ensure_ray, list_nodes
from workers.distributed import evaluator_for
from workers.node_data import share_on_nodes
from workers.placement import TrialShare
from workers.runner import JobRunner
from workers.training.evaluator import TrainingEvaluator
from workers.tuning import run_trials

pytestmark = pytest.mark.slow

NOTICE_A_LOST_NODE_SOON = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
}


EPOCHS = 20
"""Long enough to lose a node meanwhile."""

PLAIN_STAGES = {
    "max_stages": 1,
    "families": ["conv"],
    "widths": [16],
    "depths": [1],
    "norms": [False],
    "stem_norms": [False],
    "features": [0],
    "dropouts": [0.0],
    "drop_paths": [0.0],
}
"""Networks without batch norm and chance, whose steps are the same however they are split."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head on which no trial runs, and two nodes with one logical GPU each."""
    started = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "_system_config": NOTICE_A_LOST_NODE_SOON},
    )
    for _ in range(2):
        started.add_node(num_cpus=2, num_gpus=1)
    ensure_ray(started.address)
    yield started
    ray.shutdown()
    started.shutdown()


def test_small_trials_share_gpus_on_all_nodes_and_see_one_copy_of_the_images_each(
    cluster: Cluster, tmp_path: Path
) -> None:
    database, places = new_database(tmp_path), tmp_path / "places"
    places.mkdir()
    job_id = add_job(database, trials=5)
    evaluator = PlaceEvaluator(places, share_on_nodes(digits()), together=4)

    def share_of(task: TrialTask) -> TrialShare:
        return TrialShare(1.0, 0.5 if task.number < 4 else 0.0)

    run_trials(new_loop(database, job_id), evaluator, Resources(), lambda: False, share_of)
    assert {trial.status for trial in trials_of(database, job_id)} == {TrialStatus.COMPLETED}
    found = [json.loads(path.read_text()) for path in sorted(places.iterdir())]
    assert sorted(Counter(place["node"] for place in found[:4]).values()) == [2, 2]
    assert [place["gpus"] for place in found] == [["0"]] * 4 + [[]]
    assert [place["may_use_gpu"] for place in found] == [True] * 4 + [False]
    assert not any(place["is_writeable"] for place in found)
    for node in {place["node"] for place in found}:
        copies = {tuple(place["images"]) for place in found if place["node"] == node}
        assert len(copies) == 1
        assert copies.pop()[1] != "0", "the images lie in a process's own memory"
    database.close()


def test_shares_that_the_cluster_cannot_give_end_the_job_at_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = new_database(tmp_path)
    job_id = add_job(database, resources={"gpus_per_trial": 4})
    runner = JobRunner(database, load_settings(data_dir=tmp_path, ray_address=cluster.address))
    runner.claim(job_id)
    with pytest.raises(InvalidInputError, match=r"resources\.gpus_per_trial: got 4, each with"):
        runner.run(job_id)
    with database.read() as session:
        job = find_or_raise_job(session, job_id)
        assert job.status is JobStatus.FAILED
        assert str(job.error).endswith("allowed: at most 2 of them")
    database.close()


def test_two_workers_train_a_trial_as_one_does_though_one_of_them_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Batches of 63 and 64 images split unevenly; the gradient must still be the whole batch's."""
    database, data, killed = new_database(tmp_path), share_on_nodes(digits()), []
    recipe = {"batch_size": 67, "learning_rate": 0.02}
    job_id = add_job(
        database, space="stages", space_options=PLAIN_STAGES, trials=1, epochs=8, recipe=recipe
    )
    loop = new_loop(database, job_id, artifact_dir=tmp_path / "artifacts")
    share = TrialShare(cpus=4.0, gpus=0.0, workers=2)

    def kill_once() -> bool:
        if not killed and any(0 < trial.epochs_done < 8 for trial in trials_of(database, job_id)):
            processes = [p for node in cluster.worker_nodes for p in processes_of(node)]
            victim = next(p for p in processes if "RayTrainWorker" in " ".join(p.cmdline()))
            victim.kill()
            killed.append(victim.pid)
        return False

    run_trials(loop, evaluator_for(data, share), Resources(), kill_once, lambda task: share)
    assert len(killed) == 1
    (trial,) = trials_of(database, job_id)
    assert (trial.status, trial.error) == (TrialStatus.COMPLETED, None)
    task = replace(
        new_task(tmp_path / "alone", epochs=8),
        architecture=parse_architecture(trial.architecture_json),
        recipe=Recipe.model_validate(trial.recipe_json),
    )
    alone = list(TrainingEvaluator(data).evaluate(task))
    with database.read() as session:
        metrics = list_metrics(session, trial.id)
    for ours, theirs in zip(metrics, alone, strict=True):
        assert ours.epoch == theirs.epoch
        assert ours.accuracy == pytest.approx(theirs.metrics.accuracy, abs=2 / 360)
        assert ours.loss == pytest.approx(theirs.metrics.loss, rel=1e-3)
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-3)
    directory = trial_directory(tmp_path / "artifacts", job_id, trial.id)
    weights = load_file(directory / WEIGHTS_NAME)
    for name, tensor in load_file(task.directory / WEIGHTS_NAME).items():
        assert_close(weights[name], tensor, rtol=1e-3, atol=1e-4)
    database.close()


def test_job_of_a_worker_survives_the_loss_of_a_node_in_mid_trial(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = open_database(load_settings(data_dir=tmp_path).database_url)
    job_id = add_job(
        database,
        trials=3,
        epochs=EPOCHS,
        final_epochs=1,
        resources={"max_concurrent_trials": 2, "gpus_per_trial": 0},
    )
    worker = start(tmp_path, "worker", NAS_RAY_ADDRESS=cluster.address)
    try:
        wait_for(lambda: sum(0 < t.epochs_done < EPOCHS for t in trials_of(database, job_id)) == 2)
        victim = max(cluster.worker_nodes, key=count_trials)
        assert count_trials(victim) == 1, "trials are not spread over the nodes"
        cluster.remove_node(victim, allow_graceful=False)
        before = {t.id: t.epochs_done for t in trials_of(database, job_id)}

        def ended() -> bool:
            with database.read() as session:
                return find_or_raise_job(session, job_id).status is JobStatus.COMPLETED

        wait_for(ended, seconds=120)
    finally:
        worker.terminate()
        _, log = worker.communicate(timeout=60)
    assert "Traceback" not in log
    trials = trials_of(database, job_id)
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 3
    assert all(epochs < EPOCHS for epochs in before.values())
    with database.read() as session:
        for trial in trials:
            epochs = [metric.epoch for metric in list_metrics(session, trial.id)]
            assert epochs == list(range(1, EPOCHS + 1))
    database.close()


def processes_of(node: Node) -> list[psutil.Process]:
    """Find what a node's raylet has started."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return raylet.children(recursive=True)


def count_trials(node: Node) -> int:
    """Count the processes that a node's raylet has started for trials."""
    return sum("Trainable" in " ".join(process.cmdline()) for process in processes_of(node))


def test_no_address_starts_a_cluster_though_another_runs_on_this_machine(cluster: Cluster) -> None:
    ray.shutdown()
    ensure_ray(None)
    assert {node.node_id for node in list_nodes()}.isdisjoint(
        node.node_id for node in (cluster.head_node, *cluster.worker_nodes)
    )
    assert len(list_nodes()) == 1


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere.invalid:6379"])
def test_address_where_nothing_answers_is_refused_at_once(address: str) -> None:
    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(ClusterUnavailableError, match="--ray-address: nothing answers at"):
        ensure_ray(address)
