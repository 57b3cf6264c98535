"""Several processes that train one candidate together, through Ray Train.

They are driven as a single process is: the epochs of an iterator are run as they are asked for,
and what the first process yields is handed on. When one of them dies, all are started anew, and go
on from the last checkpoint as a single process would.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError

from nas.datasets import AnyData
from nas.errors import NasError, TrialFailedError
from nas.evaluation import EpochReport, Evaluator, TrialTask
from nas.provenance import Environment
from workers.placement import TrialShare
from workers.training.acceleration import DEFAULT_ACCELERATION, Acceleration
from workers.training.checkpoint import drop_checkpoint
from workers.training.evaluator import TrainingEvaluator
from workers.training.parallel import ParallelTraining

T = TypeVar("T")

RESTARTS = 2
"""How often the processes are started anew after one of them died."""

_END_SECONDS = 60.0
"""How long processes that were told to stop may take to finish the epoch under way."""


class _GroupLostError(Exception):
    """Raised when the processes ended otherwise than by finishing or by an error of ours."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What one of the processes raised."""

    error: NasError


class _Mailbox:
    """Stands between the one that asks for items and the process that yields them."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Any] = asyncio.Queue()
        self._asked = asyncio.Semaphore(0)
        self._is_stopped = False

    async def take(self) -> Any:
        """Ask for the next item and wait for it."""
        self._asked.release()
        return await self._items.get()

    async def put(self, item: Any) -> None:
        """Answer what was asked for."""
        await self._items.put(item)

    async def is_asked(self) -> bool:
        """Wait until another item is asked for; False if none will be."""
        await self._asked.acquire()
        return not self._is_stopped

    async def stop(self) -> None:
        """Say that no further item will be asked for."""
        self._is_stopped = True
        self._asked.release()


def run_together(iterate: Callable[[], Iterator[T]], share: TrialShare) -> Generator[T, None, None]:
    """Call `iterate` in each of the share's workers, in one torch process group, and iterate.

    All must yield equally often; the items of the first are yielded here. An iterator that is
    closed early is closed in the workers too, once the item under way is made. When a worker dies
    `iterate` is called again in all, and repeats what it did not keep; so it is when one fails with
    an error that is none of ours, since that is how the others see a death.

    Raises:
        NasError: What a worker raised.
        TrialFailedError: The workers were lost too often.
    """
    for restarts_left in reversed(range(RESTARTS + 1)):
        try:
            yield from _run_once(iterate, share)
        except _GroupLostError as error:
            if restarts_left == 0:
                raise TrialFailedError(
                    f"its {share.workers} workers were lost {RESTARTS + 1} times: {error}"
                ) from error
        else:
            return


def _run_once(iterate: Callable[[], Iterator[T]], share: TrialShare) -> Generator[T, None, None]:
    actor: Any = ray.remote(num_cpus=0)(_Mailbox)
    mailbox = actor.remote()
    task: Any = ray.remote(num_cpus=0, max_retries=0)(_fit)
    fit = task.remote(iterate, share, mailbox)
    try:
        while True:
            asked = mailbox.take.remote()
            ready, _ = ray.wait([asked, fit])
            if asked not in ready:
                lost = _found(fit)
                if lost is not None:
                    raise _GroupLostError(lost)
                return
            item = _found(asked)
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        mailbox.stop.remote()
        _, late = ray.wait([fit], timeout=_END_SECONDS)
        if late:
            ray.cancel(fit, force=True)
        ray.kill(mailbox)


def _found(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except RayError as error:  # with its node, say
        raise _GroupLostError(f"{type(error).__name__}: {error}") from error


def _fit(iterate: Callable[[], Iterator[Any]], share: TrialShare, mailbox: Any) -> str | None:
    """Run the group to its end; returns why it was lost, None if it was not."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    worker = share.of_worker
    resources = {"CPU": worker.cpus} | ({"GPU": worker.gpus} if worker.gpus else {})
    with tempfile.TemporaryDirectory(prefix="nas-train-") as storage:
        trainer = TorchTrainer(
            _work,
            train_loop_config={"iterate": iterate, "mailbox": mailbox},
            scaling_config=ScalingConfig(
                num_workers=share.workers,
                use_gpu=worker.gpus > 0,
                resources_per_worker=resources,
                placement_strategy="PACK",
            ),
            run_config=RunConfig(
                name="trial",
                storage_path=storage,
                failure_config=FailureConfig(max_failures=0),
            ),
        )
        try:
            trainer.fit()
        except TrainingFailedError as error:
            return str(error).strip().splitlines()[-1]
    return None


def _work(config: dict[str, Any]) -> None:
    """Iterate in one process of the group, as long as the mailbox asks."""
    from torch import distributed

    mailbox, is_first = config["mailbox"], distributed.get_rank() == 0

    def goes_on() -> bool:
        answer = [ray.get(mailbox.is_asked.remote()) if is_first else None]
        distributed.broadcast_object_list(answer)
        return bool(answer[0])

    try:
        items = iter(config["iterate"]())
        while goes_on():
            item = next(items, None)
            if item is None:
                return
            if is_first:
                ray.get(mailbox.put.remote(item))
    except NasError as error:
        ray.get(mailbox.put.remote(_Failure(error)))
        raise


class DistributedEvaluator(Evaluator):
    """Trains each candidate in several processes, which together have the trial's share."""

    def __init__(
        self,
        data: AnyData,
        share: TrialShare,
        acceleration: Acceleration = DEFAULT_ACCELERATION,
    ) -> None:
        self._data, self._share, self._acceleration = data, share, acceleration
        self._environment: Environment | None = None

    def evaluate(self, task: TrialTask) -> Iterator[EpochReport]:
        """Yield a report after each epoch, as a `TrainingEvaluator` does."""
        reports = run_together(
            partial(_evaluate, self._data, self._acceleration, task), self._share
        )
        for report, environment in reports:
            self._environment = environment
            if report.epoch == task.epochs:
                reports.close()  # before the trial ends, so that the next finds its place free
            yield report

    def environment(self) -> Environment:
        """Describe the process that yields the reports, and its device."""
        return self._environment or super().environment()

    def release(self, task: TrialTask) -> None:
        """Remove the checkpoint; the weights stay."""
        drop_checkpoint(task.directory)


def evaluator_for(
    data: AnyData, share: TrialShare, acceleration: Acceleration = DEFAULT_ACCELERATION
) -> Evaluator:
    """Return what trains candidates, in as many processes as a trial's share has."""
    if share.workers == 1:
        return TrainingEvaluator(data, acceleration)
    return DistributedEvaluator(data, share, acceleration)


def _evaluate(
    data: AnyData, acceleration: Acceleration, task: TrialTask
) -> Iterator[tuple[EpochReport, Environment]]:
    evaluator = TrainingEvaluator(data, acceleration, ParallelTraining)
    environment = evaluator.environment()
    for report in evaluator.evaluate(task):
        yield report, environment
