"""The search loop: asks the sampler, hands out trials, records what comes back, tells the sampler.

It does not evaluate anything. Whoever does (Ray Tune for training, a table for a benchmark)
drives it:

1. `next_task()` returns a trial to evaluate, or None when no more are to be started. Several
   tasks may be out at once.
2. `report(trial_id, report)` records each epoch, and returns False where the job's scheduler
   has ended the trial and the sampler was told. Else `complete(trial_id)` or
   `fail(trial_id, status, reason)` ends the trial and tells the sampler; where it is known that
   an epoch is the last, `report_last` takes the place of `report` and `complete`.
3. When every task has ended and `next_task()` returns None, the search is over.

Each step is one transaction, and everything that the sampler was told is in it: a loop made
anew for the same job, after a crash at any point, hands out the interrupted trials first and
then goes on as the old one would have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from nas.appraisal import Appraiser
from nas.artifacts import ArtifactStore
from nas.checkpoints import fetch_checkpoint, find_checkpoint, keep_trial_files
from nas.database import Database
from nas.database.deleted_trials import list_deleted_trials
from nas.database.jobs import find_or_raise_job
from nas.database.proposals import list_proposals
from nas.database.trials import (
    TrialRow,
    copy_evaluation,
    find_evaluation,
    find_or_raise_trial,
    list_trials,
    record_epoch,
    set_trial_status,
)
from nas.evaluation import EpochReport, TrialTask
from nas.ids import utc_now
from nas.job import JobSpec
from nas.layout import trial_directory
from nas.outcome import Judge
from nas.pareto.tracking import FrontTracker
from nas.phases import PhaseClock
from nas.problem import SearchProblem
from nas.provenance import Environment
from nas.pruning import Pruning
from nas.recipe import Recipe
from nas.samplers import create_sampler
from nas.search.candidates import AppraisedCandidate, Candidates
from nas.search.finding import CandidateFinder
from nas.search.ledger import Ledger
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from search_spaces import Architecture, parse_architecture


class SearchLoop:
    """Drives one job's search; see the module's docstring for the order of calls."""

    def __init__(
        self,
        database: Database,
        job_id: str,
        *,
        data_fingerprint: str,
        artifact_dir: Path,
        artifacts: ArtifactStore | None = None,
        clock: Callable[[], datetime] = utc_now,
        problem: SearchProblem | None = None,
        appraisers: Sequence[Appraiser] = (),
        checkpoints_kept: int = 0,
        trials: int | None = None,
    ) -> None:
        """Take a job up where it stands; `trials` ends a round of it before all its trials."""
        self._database = database
        self._job_id = job_id
        self._artifact_dir = artifact_dir
        self._artifacts = artifacts
        self._checkpoints_kept = checkpoints_kept
        self._clock = clock
        with database.read() as session:
            self.spec: JobSpec = find_or_raise_job(session, job_id).spec
        self._trials = self.spec.trials if trials is None else trials
        self._problem = problem or self.spec.new_problem()
        self._candidates = Candidates(self.spec, self._problem, data_fingerprint, appraisers)
        self._judge = Judge(self.spec.parsed_objective, self.spec.parsed_constraints)
        self._front = FrontTracker.of_job(database, job_id, self.spec, self._problem, appraisers)
        sampler = create_sampler(
            self.spec.sampler, self._problem, self.spec.seed, self.spec.sampler_options
        )
        self._ledger = Ledger(database, job_id, sampler, self._problem.num_objectives)
        self.phases = PhaseClock()
        self._finder = CandidateFinder(
            self.spec, self._problem, sampler, self._ledger, self._candidates, self.phases
        )
        self._pruning = Pruning.of_job(self.spec)
        self._interrupted: list[str] = []
        self._used_up = False
        self._restore()

    def next_task(self) -> TrialTask | None:
        """Return the next trial to evaluate, or None when no more are to be started."""
        while self._interrupted:
            task = self._restart(self._interrupted.pop(0))
            if task is not None:
                return task
        while len(self._ledger) < self._trials and not self._used_up:
            found = self._finder.find()
            if found is None:
                self._used_up = True
                return None
            task = self._start(found)
            if task is not None:
                return task
        return None

    def report(
        self, trial_id: str, report: EpochReport, environment: Environment | None = None
    ) -> bool:
        """Record an epoch and return whether the trial goes on; a repeated report changes nothing.

        The environment is what the trial runs with, once it is known.

        A trial that the scheduler stops is pruned and its sampler told the value at its rung:
        lower than at the end of the training, as it is for all that are stopped, and the later
        a trial is stopped the higher. Samplers that compare ranks place it as it deserves.
        """
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            if trial.status.is_final:
                return False
            goes_on = self._record(session, trial, report, environment)
        if not goes_on:
            self._ledger.tell(trial)
        return goes_on

    def report_last(
        self, trial_id: str, report: EpochReport, environment: Environment | None = None
    ) -> None:
        """Record a trial's last epoch and end it, in one transaction; a repetition changes nothing.

        It does what `report` and, where the scheduler lets the trial go on, `complete` do.
        """
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            if trial.status.is_final:
                return
            if self._record(session, trial, report, environment):
                self._end_completed(session, trial)
        self._ledger.tell(trial)

    def complete(self, trial_id: str) -> None:
        """End a trial with the metrics of its last report and tell the sampler."""
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            self._end_completed(session, trial)
        self._ledger.tell(trial)

    def fail(
        self,
        trial_id: str,
        status: TrialStatus,
        reason: str,
        shortage: MemoryShortage | None = None,
    ) -> None:
        """End a trial that could not be evaluated and tell the sampler."""
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            if shortage is not None:
                trial.note_shortage(shortage)
            self._end(session, trial, status, reason)
        self._ledger.tell(trial)

    def keep_files(self, trial_id: str) -> None:
        """Move what an ended trial leaves into the artefact store, where the loop has one."""
        if self._artifacts is not None:
            directory = trial_directory(self._artifact_dir, self._job_id, trial_id)
            keep_trial_files(
                self._database, self._artifacts, directory, trial_id, self._checkpoints_kept
            )

    def interrupt(self) -> None:
        """Put the trials that are under way back to pending, for whoever resumes the job."""
        with self._database.write() as session:
            for trial in list_trials(session, self._job_id, status=TrialStatus.RUNNING):
                set_trial_status(trial, TrialStatus.PENDING)

    def _restore(self) -> None:
        """Rebuild the sampler and the loop's memory from the job's proposals and trials."""
        with self._database.read() as session:
            trials = list_trials(session, self._job_id)
            deleted = list_deleted_trials(session, self._job_id)
            proposals = list_proposals(session, self._job_id)
            self._pruning.restore(session, self._job_id)
        self._interrupted = [trial.id for trial in trials if not trial.status.is_final]
        for trial in trials:
            if trial.status is TrialStatus.COMPLETED:
                self._front.add(trial.id, self._judge.judge(trial.figures))
        self._ledger.restore(trials, deleted, proposals)
        self._finder.restore(proposals)

    def _start(self, found: AppraisedCandidate) -> TrialTask | None:
        """Store the candidate as a trial; returns None if it is answered at once."""
        candidate, appraisal = found.candidate, found.appraisal
        losers = self._finder.take_losers()
        with self._database.write() as session:
            number, now = len(self._ledger), self._clock()
            trial = self._candidates.new_trial(found, self._job_id, number, now)
            known = self._ledger.remember(trial)
            if appraisal.refusal is None:
                known.awaiting.append(candidate.number)
            source = self._find_evaluation(session, trial)
            if appraisal.refusal is None and source is None:
                earlier = find_checkpoint(session, trial)
                trial.resumed_from = None if earlier is None else earlier.id
                set_trial_status(trial, TrialStatus.RUNNING)
            session.add(trial)
            self._ledger.store_start(session, candidate.number, trial)
            self._ledger.store_withdrawals(session, losers)
            if appraisal.refusal is not None:
                self._end(session, trial, TrialStatus.INFEASIBLE, appraisal.refusal, len(losers))
            elif source is not None:
                copy_evaluation(session, trial, source, self._clock())
                self._pruning.learn(session, trial)
                self._end_completed(session, trial, len(losers))
        self._ledger.withdraw(losers)
        if trial.status.is_final:
            self._ledger.tell(trial)
            return None
        return self._task(trial, candidate.architecture, candidate.training.recipe)

    def _find_evaluation(self, session: Session, trial: TrialRow) -> TrialRow | None:
        """Find a trial whose training answers this one; what is not trained has none."""
        if not self.spec.trains:
            return None
        return find_evaluation(session, trial.architecture_hash, trial.evaluation_key)

    def _restart(self, trial_id: str) -> TrialTask | None:
        """Take up an interrupted trial; returns None if only its end had not been recorded."""
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            set_trial_status(trial, TrialStatus.RUNNING)
        if trial.epochs_done >= trial.budget:
            self.complete(trial_id)
            return None
        recipe = Recipe.model_validate(trial.recipe_json)
        return self._task(trial, parse_architecture(trial.architecture_json), recipe)

    def _task(self, trial: TrialRow, architecture: Architecture, recipe: Recipe) -> TrialTask:
        return TrialTask(
            trial_id=trial.id,
            number=trial.number,
            architecture=architecture,
            input_shape=self._problem.input_shape,
            num_classes=self._problem.num_classes,
            recipe=recipe,
            epochs=trial.budget,
            seed=self.spec.seed,
            directory=trial_directory(self._artifact_dir, self._job_id, trial.id),
            epochs_recorded=trial.epochs_done,
            resume_from=None
            if self._artifacts is None
            else fetch_checkpoint(self._database, self._artifacts, self._artifact_dir, trial),
            job_id=self._job_id,
            shortage=trial.shortage,
        )

    def _record(
        self,
        session: Session,
        trial: TrialRow,
        report: EpochReport,
        environment: Environment | None,
    ) -> bool:
        """Record an epoch, unless it is on record, and return whether the trial goes on.

        If its scheduler says that it does not, it is pruned.
        """
        if not record_epoch(session, trial, report, self._clock()):
            return True
        if environment is not None:
            trial.environment_json = environment.model_dump(mode="json")
        judgement = self._pruning.judge(trial, report.train_loss)
        if judgement is None or not judgement.stops:
            return True
        trial.reward = self._pruning.value(trial)
        self._ledger.of_trial(trial).told = (trial.reward,)
        self._end(session, trial, TrialStatus.PRUNED, judgement.reason)
        return False

    def _end_completed(self, session: Session, trial: TrialRow, withdrawn: int = 0) -> None:
        """Give the trial what its figures come to, and its status."""
        if self.spec.trains and (trial.accuracy is None or trial.loss is None):
            raise ValueError(f"trial {trial.id} has reported nothing and cannot be completed")
        if trial.status.is_final:  # before it counts a second time
            set_trial_status(trial, TrialStatus.COMPLETED)
        outcome = self._judge.judge(trial.figures)
        self._front.add(trial.id, outcome)
        trial.reward = outcome.values[0]
        trial.objective_values = list(outcome.values)
        trial.is_feasible = outcome.is_feasible
        trial.hypervolume = self._front.hypervolume
        self._ledger.of_trial(trial).told = outcome.told
        self._end(session, trial, TrialStatus.COMPLETED, None, withdrawn)

    def _end(
        self,
        session: Session,
        trial: TrialRow,
        status: TrialStatus,
        reason: str | None,
        withdrawn: int = 0,
    ) -> None:
        """Give the trial its final status and store the `tell` of each waiting proposal.

        `withdrawn` counts the proposals that the same transaction has withdrawn before.
        """
        set_trial_status(trial, status)
        trial.error, trial.finished_at = reason, self._clock()
        self._ledger.store_tells(session, self._ledger.of_trial(trial), withdrawn)
