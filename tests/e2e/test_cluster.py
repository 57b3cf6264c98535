"""Jobs over a real cluster of several nodes, each with its raylet, on this machine."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster

from nas.database import open_database
from nas.database.jobs import find_or_raise_job
from nas.database.trials import list_metrics
from nas.datasets import ImageData
from nas.errors import ClusterUnavailableError, InvalidInputError
from nas.evaluation import EpochReport, Evaluator, TrialTask
from nas.resources import Resources
from nas.settings import load_settings
from nas.status import JobStatus, TrialStatus
from tests.e2e.processes import start, wait_for
from tests.nas.factories import add_job, new_database, new_loop, new_report
from tests.nas.test_search import trials_of
from tests.workers.training.factories import digits
from workers.cluster import ensure_ray, may_use_gpu
from workers.node_data import share_on_nodes
from workers.placement import TrialShare, placement_on_cluster
from workers.runner import JobRunner
from workers.tuning import run_trials

pytestmark = pytest.mark.slow

NOTICE_A_LOST_NODE_SOON = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
}


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


class PlaceEvaluator(Evaluator):
    """Notes where a trial runs and where its images lie; waits for others to run beside it."""

    def __init__(self, directory: Path, data: ImageData, together: int) -> None:
        self.directory, self.data, self.together = directory, data, together

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        images = self.data.train.images
        place = {
            "node": ray.get_runtime_context().get_node_id(),
            "gpu": os.environ["CUDA_VISIBLE_DEVICES"],
            "images": mapped_at(images.ctypes.data),
            "is_writeable": images.flags.writeable,
        }
        (self.directory / f"{task.number}.json").write_text(json.dumps(place))
        wait_for(lambda: len(list(self.directory.iterdir())) >= self.together, seconds=60)
        yield new_report(1)


def mapped_at(address: int) -> list[str]:
    """Name the memory that an address of this process stands for: file, and offset in it."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, offset, device, inode, *_ = line.split()
        first, last = (int(bound, 16) for bound in span.split("-"))
        if first <= address < last:
            return [device, inode, hex(address - first + int(offset, 16))]
    raise ValueError(f"{address:x} is mapped nowhere")


def test_small_trials_share_gpus_on_all_nodes_and_see_one_copy_of_the_images_each(
    cluster: Cluster, tmp_path: Path
) -> None:
    database, places = new_database(tmp_path), tmp_path / "places"
    places.mkdir()
    job_id = add_job(database, trials=6)
    evaluator = PlaceEvaluator(places, share_on_nodes(digits()), together=4)
    run_trials(
        new_loop(database, job_id),
        evaluator,
        Resources(),
        lambda: False,
        lambda task: TrialShare(1.0, 0.5),
    )
    assert {trial.status for trial in trials_of(database, job_id)} == {TrialStatus.COMPLETED}
    found = [json.loads(path.read_text()) for path in sorted(places.iterdir())]
    assert sorted(Counter(place["node"] for place in found[:4]).values()) == [2, 2]
    assert {place["gpu"] for place in found} == {"0"}
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


def test_job_whose_trials_have_two_workers_each_is_trained_and_tested(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = new_database(tmp_path)
    resources = {"workers_per_trial": 2, "cpus_per_trial": 4, "gpus_per_trial": 0}
    job_id = add_job(database, trials=1, epochs=2, final_epochs=1, resources=resources)
    runner = JobRunner(database, load_settings(data_dir=tmp_path, ray_address=cluster.address))
    runner.claim(job_id)
    assert runner.run(job_id) is JobStatus.COMPLETED
    (trial,) = trials_of(database, job_id)
    assert (trial.status, trial.epochs_done) == (TrialStatus.COMPLETED, 2)
    with database.read() as session:
        final = find_or_raise_job(session, job_id).final_json
    assert final is not None
    assert final["test_accuracy"] > 0.05
    database.close()


class Asking:
    def may_use_gpu(self) -> bool:
        return may_use_gpu()


def test_only_actors_with_a_share_of_a_gpu_use_one(cluster: Cluster) -> None:
    actors = [ray.remote(num_gpus=gpus)(Asking).remote() for gpus in (0, 0.5)]
    assert ray.get([actor.may_use_gpu.remote() for actor in actors]) == [False, True]
    assert may_use_gpu(), "this process is none of Ray's"


def test_gpus_that_do_not_tell_their_memory_are_shared_by_four(cluster: Cluster) -> None:
    placement = placement_on_cluster(Resources(), digits(10, 10))
    assert placement.gpu_bytes is None
    assert placement.has_gpus


def test_job_of_a_worker_survives_the_loss_of_a_node_in_mid_trial(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = open_database(load_settings(data_dir=tmp_path).database_url)
    job_id = add_job(
        database,
        trials=4,
        epochs=40,
        final_epochs=1,
        resources={"max_concurrent_trials": 2, "gpus_per_trial": 0},
    )
    worker = start(tmp_path, "worker", NAS_RAY_ADDRESS=cluster.address)
    try:
        wait_for(lambda: sum(0 < t.epochs_done < 40 for t in trials_of(database, job_id)) == 2)
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
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 4
    assert all(epochs < 40 for epochs in before.values())
    with database.read() as session:
        for trial in trials:
            epochs = [metric.epoch for metric in list_metrics(session, trial.id)]
            assert epochs == list(range(1, 41))
    database.close()


def count_trials(node) -> int:
    """Count the processes that a node's raylet has started for trials."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    titles = (" ".join(process.cmdline()) for process in raylet.children(recursive=True))
    return sum("Trainable" in title for title in titles)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere.invalid:6379"])
def test_address_where_nothing_answers_is_refused_at_once(address: str) -> None:
    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(ClusterUnavailableError, match="--ray-address: nothing answers at"):
        ensure_ray(address)
