"""Ray Tune drives the trials: our search loop proposes, Tune places, actors evaluate.

After each epoch the loop says, by the job's scheduler, whether Tune is to go on with the trial.

Tune calls the `SearchLoopSearcher` from its event loop, in the process that runs the job, so
the loop and the database are only touched there. The actors are reused from trial to trial.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from nas.errors import (
    ClusterLostError,
    DatabaseUnavailableError,
    JobTakenError,
    NasError,
    TrialInfeasibleError,
)
from nas.evaluation import Evaluator, TrialTask
from nas.heap import freeze_heap
from nas.phases import Phase
from nas.resources import Resources
from nas.search import SearchLoop
from nas.status import TrialStatus
from workers.cluster import require_cluster
from workers.finished_trials import NoProgress, forget_finished
from workers.handing_out import Handout, Room
from workers.memory_monitor import (
    bytes_at_kill,
    let_tune_survive_kills,
    with_half_batches_after_kill,
)
from workers.placement import ShareOf, named_share
from workers.recording import TrialTimes
from workers.starting_actors import let_actors_start
from workers.trainable import Ending, TrialTrainable

WORKER_RESTARTS = 2
"""How often a trial is placed anew after its worker process died."""


class _LeftOutOfSnapshots:
    """Pickles as nothing: Tune snapshots its parts, but a job is resumed from the database."""

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return (object, ())


class SearchLoopSearcher(_LeftOutOfSnapshots, Searcher):
    """Lets Tune draw its trials from a `SearchLoop` and hands back what they report."""

    def __init__(
        self,
        loop: SearchLoop,
        evaluator: Evaluator,
        share_of: ShareOf,
        should_stop: Callable[[], bool],
        room: Room,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._evaluator = evaluator
        self._share_of = share_of
        self._room = room
        self._should_stop = should_stop
        self.outage: NasError | None = None
        self._tasks: dict[str, TrialTask] = {}
        self._endings: dict[str, Ending] = {}
        self._times = TrialTimes(loop.phases)

    def suggest(self, trial_id: str) -> Any:
        """Return the next trial's configuration, None for not yet, or that there is none."""
        if not self._room.has_place(len(self._tasks)):
            return None
        task = None
        with self._noting_outage():
            task = None if self.should_stop() else self._loop.next_task()
        if task is None:
            return Searcher.FINISHED
        self._tasks[trial_id] = task
        self._times.handed_out(trial_id)
        return {"handout": Handout(task, self._share_of(task))}

    def goes_on(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Record an epoch and return whether the trial is worth the next one."""
        if trial_id not in self._tasks or "report" not in result or self.outage is not None:
            return True
        self._times.note(trial_id, result)
        task = self._tasks[trial_id]
        with self._noting_outage(), self._loop.phases.measure(Phase.RECORD):
            if not self._loop.report(task.trial_id, result["report"], result.get("environment")):
                return False
        return True

    def on_worker_death(self, trial: Trial) -> None:
        """Let a trial be tried again with half its batch where its node was short of memory."""
        task = self._tasks.get(trial.trial_id)
        memory_bytes = bytes_at_kill(_last_error(trial))
        if task is None or memory_bytes is None:
            return
        try:
            task = with_half_batches_after_kill(task, memory_bytes)
        except TrialInfeasibleError as error:
            trial.config["ending"] = self._endings[trial.trial_id] = Ending.of(error)
        else:
            self._tasks[trial.trial_id] = task
            trial.config["handout"] = Handout(task, trial.config["handout"].share)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Record how a trial ended; one that Tune merely cuts off stays as it is."""
        task = self._tasks.pop(trial_id, None)
        self._room.note_end()
        if task is None or self.outage is not None:
            return
        self._times.note(trial_id, result or {})
        with self._noting_outage():
            with self._loop.phases.measure(Phase.RECORD):
                is_over = self._end(task, result, error, self._endings.pop(trial_id, None))
            if is_over:
                self._loop.keep_files(task.trial_id)
                self._evaluator.release(task)

    def should_stop(self) -> bool:
        """Tell whether no trial is to be started and the run is to end."""
        return self.outage is not None or self._should_stop()

    @contextmanager
    def _noting_outage(self) -> Iterator[None]:
        """Keep from Tune, which would take it for the trial's, what ends the run.

        The loop may be ahead of the tables from then on, so nothing more goes through it.
        """
        try:
            yield
        except (DatabaseUnavailableError, ClusterLostError, JobTakenError) as error:
            self.outage = error

    def _end(
        self,
        task: TrialTask,
        result: dict[str, Any] | None,
        error: bool,
        ending: Ending | None,
    ) -> bool:
        if error:
            require_cluster()
            ending = ending or Ending(
                TrialStatus.FAILED, f"its worker process died {WORKER_RESTARTS + 1} times"
            )
        elif result is not None and "ending" in result:
            ending = result["ending"]
        if ending is not None:
            self._loop.fail(task.trial_id, ending.status, ending.reason, ending.shortage)
        elif result is not None and result.get("done") and "report" in result:
            self._loop.report_last(task.trial_id, result["report"], result.get("environment"))
        else:
            return False
        return True

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the database holds all there is to resume from."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: the database holds all there is to resume from."""


class EpochScheduler(_LeftOutOfSnapshots, FIFOScheduler):
    """Starts trials in order, and stops those that the search loop has ended."""

    def __init__(self, searcher: SearchLoopSearcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._searcher = searcher
        self._is_prepared = False

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Prepare the controller when it brings its first trial."""
        super().on_trial_add(tune_controller, trial)
        if not self._is_prepared:
            let_tune_survive_kills(tune_controller)
            self._is_prepared = True

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Leave it to the controller, which starts trials in order, once it is put straight."""
        let_actors_start(tune_controller._tune_controller)
        return None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Record an epoch and say whether the trial goes on; not called after its last one."""
        goes_on = self._searcher.goes_on(trial.trial_id, result)
        return TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Look why a trial's worker died, before the trial is placed anew or ended."""
        self._searcher.on_worker_death(trial)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """Let Tune forget the trials that ended before this one."""
        forget_finished(tune_controller)


class StopWhen(_LeftOutOfSnapshots, tune.Stopper):
    """Ends the run as soon as a function says so."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Never end a single trial."""
        return False

    def stop_all(self) -> bool:
        """Tell Tune whether to end the run."""
        return self._should_stop()


def run_trials(
    loop: SearchLoop,
    evaluator: Evaluator,
    resources: Resources,
    should_stop: Callable[[], bool],
    share_of: ShareOf | None = None,
    places: Callable[[], int] | None = None,
) -> None:
    """Evaluate the loop's trials on the connected Ray cluster until they end or `should_stop()`.

    `share_of` says what of the cluster a trial gets; unset: what `resources` name, and no GPU
    where they name none. `places` says how many trials fit on the cluster at this moment, where
    that is known before they are placed.

    Raises:
        DatabaseUnavailableError: A step could not be recorded; the loop is to be made anew.
        ClusterLostError: Trials ended with their cluster, which says nothing of them.
        JobTakenError: Another runner has the job.
    """
    trainable = tune.with_resources(
        tune.with_parameters(TrialTrainable, evaluator=evaluator), _tune_resources
    )
    freeze_heap()
    searcher = SearchLoopSearcher(
        loop, evaluator, share_of or named_share(resources), should_stop, Room(places)
    )
    with tempfile.TemporaryDirectory(prefix="nas-tune-") as storage:
        tune.Tuner(
            trainable,
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=EpochScheduler(searcher),
                num_samples=-1,
                max_concurrent_trials=resources.max_concurrent_trials,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=storage,
                stop=StopWhen(searcher.should_stop),
                failure_config=tune.FailureConfig(max_failures=WORKER_RESTARTS),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[NoProgress()],
                verbose=0,
            ),
        ).fit()
    if searcher.outage is not None:
        raise searcher.outage


def _tune_resources(config: dict[str, Any]) -> tune.PlacementGroupFactory:
    """Turn a trial's share into the form that Tune asks for.

    A trial of several workers takes its share through Ray Train; what drives it takes a byte, since
    Tune cannot ask for nothing.
    """
    handout: Handout = config["handout"]
    share = handout.share
    bundle = {"CPU": share.cpus, "GPU": share.gpus} if share.workers == 1 else {"memory": 1.0}
    return tune.PlacementGroupFactory([bundle], strategy="SPREAD")


def _last_error(trial: Trial) -> str:
    """Return what Ray said of a trial's last failure; Tune keeps it in a file alone."""
    path = trial.error_file
    if path is None or not Path(path).exists():
        return ""
    _, _, last = Path(path).read_text(errors="replace").rpartition("Failure # ")
    return last
