"""The search loop: asks the sampler, hands out trials, records what comes back, tells the sampler.

It does not evaluate anything. Whoever does (Ray Tune for training, a table for a benchmark)
drives it:

1. `next_task()` returns a trial to evaluate, or None when no more are to be started. Several
   tasks may be out at once.
2. `report(trial_id, report)` records each epoch, and returns False where the job's scheduler
   has ended the trial and the sampler was told. Else `complete(trial_id)` or
   `fail(trial_id, status, reason)` ends the trial and tells the sampler.
3. When every task has ended and `next_task()` returns None, the search is over.

Each step is one transaction, and everything that the sampler was told is in it: a loop made
anew for the same job, after a crash at any point, hands out the interrupted trials first and
then goes on as the old one would have.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from nas.appraisal import Appraisal, Appraiser, appraise
from nas.checkpoints import (
    checkpoint_directory,
    find_checkpoint,
    keep_checkpoint,
)
from nas.database import Database
from nas.database.jobs import find_or_raise_job
from nas.database.proposals import ProposalRow, list_proposals, next_told
from nas.database.trials import (
    TrialRow,
    copy_evaluation,
    find_evaluation,
    find_or_raise_trial,
    list_trials,
    record_epoch,
    set_trial_status,
)
from nas.evaluation import EpochReport, TrialTask, evaluation_key, training_key
from nas.hyperparameters import nearest_answers, recipe_of
from nas.ids import new_id, utc_now
from nas.job import JobSpec
from nas.layout import trial_directory
from nas.metrics import METRICS, Source
from nas.outcome import Judge
from nas.pareto.tracking import FrontTracker
from nas.phases import Phase, PhaseClock
from nas.problem import SearchProblem
from nas.provenance import Environment
from nas.pruning import Pruning
from nas.recipe import Recipe
from nas.sampler_records import SamplerRecords
from nas.samplers import MultiObjectiveSampler, Proposal, Sampler, create_sampler
from nas.screening import SCORE, Round, best_practised
from nas.status import TrialStatus
from search_spaces import Architecture, parse_architecture

_LOG = logging.getLogger(__name__)

PROPOSALS_PER_TRIAL = 50
"""The sampler's attempts at an architecture that is new and within the constraints."""

UNIFORM_PROPOSALS_PER_TRIAL = 200
"""Uniform draws after that, before the space is taken to be used up."""


_Identity = tuple[str, str]
"""A candidate's architecture hash and evaluation key, which no two trials of a job share."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A proposal that is new in this job."""

    number: int
    architecture: Architecture
    recipe: Recipe
    appraisal: Appraisal


@dataclass(slots=True)
class _Known:
    """What the loop must remember of a trial it has started: proposals that await its result.

    `told` is what the sampler is told of it, None where it could not be evaluated.
    """

    trial_id: str
    is_final: bool = False
    told: tuple[float, ...] | None = None
    awaiting: list[int] = field(default_factory=list)


class SearchLoop:
    """Drives one job's search; see the module's docstring for the order of calls."""

    def __init__(
        self,
        database: Database,
        job_id: str,
        *,
        data_fingerprint: str,
        artifact_dir: Path,
        clock: Callable[[], datetime] = utc_now,
        problem: SearchProblem | None = None,
        appraisers: Sequence[Appraiser] = (),
        checkpoints_kept: int = 0,
    ) -> None:
        self._database = database
        self._job_id = job_id
        self._artifact_dir = artifact_dir
        self._checkpoints_kept = checkpoints_kept
        self._clock = clock
        with database.read() as session:
            self.spec: JobSpec = find_or_raise_job(session, job_id).spec
        self._problem = problem or self.spec.new_problem()
        self._data_fingerprint = data_fingerprint
        as_stated = nearest_answers(self.spec.recipe, self._problem.hyperparameters)
        starts = self.spec.starting_choices(self._problem.space)
        self._starts = [start | as_stated for start in starts]
        self._constraints = self.spec.parsed_constraints
        self._appraisers = appraisers
        _require_appraisers(self.spec, appraisers)
        self._judge = Judge(self.spec.parsed_objective, self._constraints)
        self._front = FrontTracker.of_job(database, job_id, self.spec, self._problem, appraisers)
        self._sampler = create_sampler(
            self.spec.sampler, self._problem, self.spec.seed, self.spec.sampler_options
        )
        self._records = SamplerRecords(database, job_id, self._sampler)
        self._uniform = create_sampler("random", self._problem, self.spec.seed, {})
        self._budget = self.spec.epochs if self.spec.trains else 0
        screening = self.spec.screening
        self._round: Round[_Candidate] | None = None if screening is None else Round(screening)
        self._first_start = 0
        self._pruning = Pruning(self.spec.new_scheduler(), self.spec.parsed_objective)
        self._proposals: dict[int, Proposal] = {}
        self._known: dict[_Identity, _Known] = {}
        self._interrupted: list[str] = []
        self._next_number = 0
        self._used_up = False
        self.phases = PhaseClock()
        self.asks = 0
        self.ask_seconds = 0.0
        self._restore()

    def next_task(self) -> TrialTask | None:
        """Return the next trial to evaluate, or None when no more are to be started."""
        while self._interrupted:
            task = self._restart(self._interrupted.pop(0))
            if task is not None:
                return task
        while len(self._known) < self.spec.trials and not self._used_up:
            if self._round is None or self._is_start_without_round:
                candidate = self._find_candidate()
            else:
                candidate = self._best_of(self._round)
            if candidate is None:
                self._used_up = True
                return None
            task = self._start(candidate)
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
            if trial.status.is_final or not record_epoch(session, trial, report, self._clock()):
                return not trial.status.is_final
            if environment is not None:
                trial.environment_json = environment.model_dump(mode="json")
            judgement = self._pruning.judge(trial)
            if judgement is None or not judgement.stops:
                return True
            trial.reward = self._pruning.value(trial)
            self._known_of(trial).told = (trial.reward,)
            self._end(session, trial, TrialStatus.PRUNED, judgement.reason)
        self._tell(trial)
        return False

    def complete(self, trial_id: str) -> None:
        """End a trial with the metrics of its last report and tell the sampler."""
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            self._end_completed(session, trial)
        self._tell(trial)

    def fail(self, trial_id: str, status: TrialStatus, reason: str) -> None:
        """End a trial that could not be evaluated and tell the sampler."""
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            self._end(session, trial, status, reason)
        self._tell(trial)

    def keep_checkpoint(self, trial_id: str) -> bool:
        """Keep an ended trial's checkpoint, if it is of use; returns whether it is kept."""
        if self._checkpoints_kept == 0:
            return False
        with self._database.write() as session:
            trial = find_or_raise_trial(session, trial_id)
            return keep_checkpoint(session, self._artifact_dir, trial, self._checkpoints_kept)

    def interrupt(self) -> None:
        """Put the trials that are under way back to pending, for whoever resumes the job."""
        with self._database.write() as session:
            for trial in list_trials(session, self._job_id, status=TrialStatus.RUNNING):
                set_trial_status(trial, TrialStatus.PENDING)

    def _restore(self) -> None:
        """Rebuild the sampler and the loop's memory from the job's proposals and trials."""
        with self._database.read() as session:
            trials = list_trials(session, self._job_id)
            proposals = list_proposals(session, self._job_id)
            self._pruning.restore(session, self._job_id)
        known = {trial.id: self._remember(trial) for trial in trials}
        self._interrupted = [trial.id for trial in trials if not trial.status.is_final]
        for trial in trials:
            if trial.status is TrialStatus.COMPLETED:
                self._front.add(trial.id, self._judge.judge(trial.figures))
        covered = self._records.restore()
        for row in sorted(proposals, key=lambda p: (p.told is None, p.told)):
            proposal = Proposal(row.choices, row.info)
            if row.told is not None:
                if row.told >= covered and row.is_passed_over:
                    self._withdraw(row.number, proposal)
                elif row.told >= covered:
                    self._tell_sampler(row.number, proposal, row.values)
                if row.trial_id is not None:
                    known[row.trial_id].told = row.values
            elif row.trial_id is not None:
                self._sampler.expect(row.number, proposal)
                self._proposals[row.number] = proposal
                known[row.trial_id].awaiting.append(row.number)
            elif row.is_held:
                self._sampler.expect(row.number, proposal)
                self._proposals[row.number] = proposal
                self._restore_held(row)
        if self._round is not None and any(
            row.score is not None and row.trial_id for row in proposals
        ):
            self._round.close()
        if self._round is not None and self._round.screening.once:
            self._first_start = self._round.screening.practised
            self._starts = best_practised(self._round.screening, proposals)
        self._next_number = 1 + max((row.number for row in proposals), default=-1)

    @property
    def _is_start_without_round(self) -> bool:
        """Whether the next proposal is a start that a user asked for, which need not compete."""
        is_start = self._next_number - self._first_start < len(self._starts)
        return is_start and not (self._round is not None and self._round.screening.once)

    def _remember(self, trial: TrialRow) -> _Known:
        known = _Known(trial.id, trial.status.is_final)
        self._known[trial.architecture_hash, trial.evaluation_key] = known
        return known

    def _known_of(self, trial: TrialRow) -> _Known:
        return self._known[trial.architecture_hash, trial.evaluation_key]

    def _find_candidate(self) -> _Candidate | None:
        """Ask until an architecture, or its recipe, is new and within the constraints.

        A candidate seen before costs no evaluation: the sampler is told what is known. It is
        told None for one that breaks a constraint, that the images are too small for, or that is
        too large; if no other is found, the last of these is returned as infeasible. The first
        proposals are the job's starts.
        """
        rejected: _Candidate | None = None
        for sampler in self._attempts():
            number = self._next_number
            self._next_number += 1
            if number - self._first_start < len(self._starts):
                proposal = Proposal(self._starts[number - self._first_start])
                self._sampler.expect(number, proposal)
            else:
                proposal = self._ask(sampler, number)
            self._proposals[number] = proposal
            architecture, recipe = self._described(proposal)
            identity = self._identity(architecture, recipe)
            known = self._known.get(identity)
            if known is not None:
                self._record_repeat(number, known)
                continue
            if self._round is not None and identity in self._round:
                self._record_held_already(number, self._round.score(identity))
                continue
            candidate = self._appraised(number, architecture, recipe)
            if candidate.appraisal.refusal is None:
                return candidate
            self._record_rejected(number)
            rejected = candidate
        return rejected

    def _described(self, proposal: Proposal) -> tuple[Architecture, Recipe]:
        architecture = self._problem.architecture(proposal.choices)
        return architecture, recipe_of(self.spec.recipe, proposal.choices)

    def _identity(self, architecture: Architecture, recipe: Recipe) -> _Identity:
        return self._problem.key(architecture), self._key(recipe)

    def _appraised(self, number: int, architecture: Architecture, recipe: Recipe) -> _Candidate:
        appraisal = appraise(self._problem, architecture, self._appraisers, self._constraints)
        return _Candidate(number, architecture, recipe, appraisal)

    def _best_of(self, round_: Round[_Candidate]) -> _Candidate | None:
        """Hold candidates until the round is full or no new one is found; take out the best."""
        while round_.is_open:
            candidate = self._find_candidate()
            if candidate is None or candidate.appraisal.refusal is not None:
                if not len(round_):
                    return candidate
                break
            self._hold(round_, candidate)
        return round_.take_best() if len(round_) else None

    def _hold(self, round_: Round[_Candidate], candidate: _Candidate) -> None:
        score = candidate.appraisal.figures[SCORE]
        with self._database.write() as session:
            row = self._proposal_row(candidate.number, None)
            row.score = score
            session.add(row)
        round_.hold(self._identity(candidate.architecture, candidate.recipe), score, candidate)

    def _restore_held(self, row: ProposalRow) -> None:
        if self._round is None or row.score is None:
            raise ValueError(f"proposal {row.number} is held, but its job has no screening")
        candidate = self._appraised(row.number, *self._described(self._proposals[row.number]))
        identity = self._identity(candidate.architecture, candidate.recipe)
        self._round.hold(identity, row.score, candidate)

    def _pass_over(self, session: Session, others: Sequence[_Candidate]) -> None:
        """Store that the sampler is to forget the candidates that lost their round."""
        told = next_told(session, self._job_id)
        for offset, other in enumerate(others):
            row = session.get_one(ProposalRow, (self._job_id, other.number))
            row.tell(told + offset, None)

    def _attempts(self) -> Iterator[Sampler]:
        for _ in range(PROPOSALS_PER_TRIAL):
            yield self._sampler
        for _ in range(UNIFORM_PROPOSALS_PER_TRIAL):
            yield self._uniform

    def _ask(self, sampler: Sampler, number: int) -> Proposal:
        started = time.perf_counter()
        proposal = sampler.ask(number)
        seconds = time.perf_counter() - started
        self.phases.add(Phase.ASK, seconds)
        self.ask_seconds += seconds
        self.asks += 1
        return proposal

    def _record_repeat(self, number: int, known: _Known) -> None:
        """Store a proposal of an architecture that the job already has."""
        with self._database.write() as session:
            row = self._proposal_row(number, known.trial_id)
            session.add(row)
            if known.is_final:
                row.tell(next_told(session, self._job_id), known.told)
        if known.is_final:
            self._tell_sampler(number, self._proposals.pop(number), known.told)
        else:
            known.awaiting.append(number)

    def _record_held_already(self, number: int, score: float) -> None:
        """Store a proposal of an architecture that is in the round already, and pass it over."""
        with self._database.write() as session:
            row = self._proposal_row(number, None)
            row.score = score
            session.add(row)
            row.tell(next_told(session, self._job_id), None)
        self._withdraw(number, self._proposals.pop(number))

    def _record_rejected(self, number: int) -> None:
        """Store a proposal that is infeasible, and tell the sampler so."""
        with self._database.write() as session:
            row = self._proposal_row(number, None)
            session.add(row)
            row.tell(next_told(session, self._job_id), None)
        self._tell_sampler(number, self._proposals.pop(number), None)

    def _start(self, candidate: _Candidate) -> TrialTask | None:
        """Store the candidate as a trial; returns None if it is answered at once."""
        appraisal = candidate.appraisal
        with self._database.write() as session:
            trial = TrialRow(
                id=new_id(),
                job_id=self._job_id,
                number=len(self._known),
                status=TrialStatus.PENDING,
                architecture_json=candidate.architecture.model_dump(mode="json"),
                architecture_hash=self._problem.key(candidate.architecture),
                evaluation_key=self._key(candidate.recipe),
                training_key=training_key(
                    self._data_fingerprint,
                    candidate.recipe,
                    epochs=self._budget,
                    seed=self.spec.seed,
                ),
                recipe_json=candidate.recipe.model_dump(mode="json"),
                seed=self.spec.seed,
                budget=self._budget,
                epochs_done=0,
                rungs=[],
                params=appraisal.params,
                macs=appraisal.macs,
                figures_json=dict(appraisal.figures) or None,
                conditions_json=dict(appraisal.conditions) or None,
                is_feasible=appraisal.refusal is None,
                started_at=self._clock(),
            )
            session.add(trial)
            session.flush()
            known = self._remember(trial)
            row = session.get(ProposalRow, (self._job_id, candidate.number))
            if row is None:
                session.add(self._proposal_row(candidate.number, trial.id))
            else:  # recorded when it was held, or recorded and told when it was rejected
                row.trial_id = trial.id
            if appraisal.refusal is None:
                known.awaiting.append(candidate.number)
            others = [] if self._round is None else self._round.take_others()
            self._pass_over(session, others)
            session.flush()
            if appraisal.refusal is not None:
                self._end(session, trial, TrialStatus.INFEASIBLE, appraisal.refusal)
            elif source := self._find_evaluation(session, trial):
                copy_evaluation(session, trial, source, self._clock())
                self._pruning.learn(session, trial)
                self._end_completed(session, trial)
            else:
                earlier = find_checkpoint(session, self._artifact_dir, trial)
                trial.resumed_from = None if earlier is None else earlier.id
                set_trial_status(trial, TrialStatus.RUNNING)
        for other in others:
            self._withdraw(other.number, self._proposals.pop(other.number))
        if trial.status.is_final:
            self._tell(trial)
            return None
        return self._task(trial)

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
        return self._task(trial)

    def _task(self, trial: TrialRow) -> TrialTask:
        resume_from = None
        if trial.resumed_from is not None:
            with self._database.read() as session:
                resume_from = checkpoint_directory(session, self._artifact_dir, trial.resumed_from)
        return TrialTask(
            trial_id=trial.id,
            number=trial.number,
            architecture=parse_architecture(trial.architecture_json),
            input_shape=self._problem.input_shape,
            num_classes=self._problem.num_classes,
            recipe=Recipe.model_validate(trial.recipe_json),
            epochs=trial.budget,
            seed=self.spec.seed,
            directory=trial_directory(self._artifact_dir, self._job_id, trial.id),
            epochs_recorded=trial.epochs_done,
            resume_from=resume_from,
            job_id=self._job_id,
        )

    def _end_completed(self, session: Session, trial: TrialRow) -> None:
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
        self._known_of(trial).told = outcome.told
        self._end(session, trial, TrialStatus.COMPLETED, None)

    def _end(
        self, session: Session, trial: TrialRow, status: TrialStatus, reason: str | None
    ) -> None:
        """Give the trial its final status and store the `tell` of each waiting proposal."""
        set_trial_status(trial, status)
        trial.error, trial.finished_at = reason, self._clock()
        told = next_told(session, self._job_id)
        known = self._known_of(trial)
        for offset, number in enumerate(known.awaiting):
            row = session.get_one(ProposalRow, (self._job_id, number))
            row.tell(told + offset, known.told)

    def _tell(self, trial: TrialRow) -> None:
        """Tell the sampler what `_end` has stored."""
        _LOG.info("trial %d: %s", trial.number, trial.status.value, extra={"trial_id": trial.id})
        known = self._known_of(trial)
        known.is_final = True
        for number in known.awaiting:
            self._tell_sampler(number, self._proposals.pop(number), known.told)
        known.awaiting = []

    def _tell_sampler(
        self, number: int, proposal: Proposal, values: tuple[float, ...] | None
    ) -> None:
        if self._problem.num_objectives > 1 and isinstance(self._sampler, MultiObjectiveSampler):
            self._sampler.tell_values(number, proposal, values)
        else:
            self._sampler.tell(number, proposal, None if values is None else values[0])
        self._records.note_tell()

    def _withdraw(self, number: int, proposal: Proposal) -> None:
        self._sampler.withdraw(number, proposal)
        self._records.note_tell()

    def _key(self, recipe: Recipe) -> str:
        return evaluation_key(
            self._data_fingerprint, recipe, epochs=self._budget, seed=self.spec.seed
        )

    def _proposal_row(self, number: int, trial_id: str | None) -> ProposalRow:
        proposal = self._proposals[number]
        return ProposalRow(
            job_id=self._job_id,
            number=number,
            choices=proposal.choices,
            info=proposal.info,
            trial_id=trial_id,
        )


def _require_appraisers(spec: JobSpec, appraisers: Sequence[Appraiser]) -> None:
    """Check that each figure that the job needs before training is found out by someone."""
    known = {name for appraiser in appraisers for name in appraiser.names}
    missing = sorted(
        name
        for name in spec.needed_metrics
        if METRICS[name].source is Source.APPRAISAL and name not in known
    )
    if missing:
        raise ValueError(f"appraisers: none for {', '.join(missing)}")
