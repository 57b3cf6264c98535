"""What a job's sampler proposed and was told, and the trials that its proposals wait for.

A result goes to the sampler in two steps: `store_tells` puts it on record, in the transaction that
ends the trial, and `tell` hands it over once that is committed. So the sampler never knows more
than the database, from which `restore` brings a new sampler to where the old one was.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from nas.database import Database
from nas.database.deleted_trials import DeletedTrialRow
from nas.database.proposals import ProposalRow, store_tell
from nas.database.trials import TrialRow
from nas.sampler_records import SamplerRecords
from nas.samplers import MultiObjectiveSampler, Proposal, Sampler
from nas.search.candidates import Identity
from search_spaces import Choice

_LOG = logging.getLogger(__name__)

Values = tuple[float, ...] | None
"""What the sampler is told of each objective; None where there is nothing to tell."""


@dataclass(slots=True)
class KnownTrial:
    """What must be remembered of a trial: the proposals that await its result, and that result."""

    trial_id: str
    is_final: bool = False
    told: Values = None
    awaiting: list[int] = field(default_factory=list)


class Ledger:
    """Keeps a job's proposals and tells its sampler, each in the order that is on record."""

    def __init__(
        self, database: Database, job_id: str, sampler: Sampler, num_objectives: int
    ) -> None:
        self._database = database
        self._job_id = job_id
        self._sampler = sampler
        self._has_several = num_objectives > 1
        self._records = SamplerRecords(database, job_id, sampler)
        self._pending: dict[int, Proposal] = {}
        self._known: dict[Identity, KnownTrial] = {}
        self._held: set[int] = set()
        self._told = 0

    def restore(
        self,
        trials: Sequence[TrialRow],
        deleted: Sequence[DeletedTrialRow],
        proposals: Sequence[ProposalRow],
    ) -> None:
        """Rebuild the sampler and the memory of an earlier ledger from all that is on record."""
        known = {trial.id: self.remember(trial) for trial in trials}
        known |= {trial.trial_id: self._remember_deleted(trial) for trial in deleted}
        covered = self._records.restore()
        for row in sorted(proposals, key=lambda p: (p.told is None, p.told)):
            proposal = Proposal(row.choices, row.info)
            if row.told is not None:
                self._told = row.told + 1
                if row.told >= covered and row.is_passed_over:
                    self._withdraw(row.number, proposal)
                elif row.told >= covered:
                    self._tell(row.number, proposal, row.values)
                if row.trial_id is not None:
                    known[row.trial_id].told = row.values
            elif row.trial_id is not None or row.is_held:
                self.expect(row.number, proposal)
                if row.trial_id is not None:
                    known[row.trial_id].awaiting.append(row.number)
                else:
                    self._held.add(row.number)

    def __len__(self) -> int:
        """Count the trials, those deleted too; the next one's number."""
        return len(self._known)

    def find(self, identity: Identity) -> KnownTrial | None:
        """Return the trial that evaluates a candidate, if there is one."""
        return self._known.get(identity)

    def of_trial(self, trial: TrialRow) -> KnownTrial:
        """Return what is remembered of a trial."""
        return self._known[trial.architecture_hash, trial.evaluation_key]

    def remember(self, trial: TrialRow) -> KnownTrial:
        """Take note of a trial."""
        known = KnownTrial(trial.id, trial.status.is_final)
        self._known[trial.architecture_hash, trial.evaluation_key] = known
        return known

    def _remember_deleted(self, trial: DeletedTrialRow) -> KnownTrial:
        """Take note of a deleted trial: its number is used up, and its candidate is known."""
        known = KnownTrial(trial.trial_id, is_final=True)
        self._known[trial.architecture_hash, trial.evaluation_key] = known
        return known

    def add(self, number: int, proposal: Proposal) -> None:
        """Take note of what the sampler proposed, until it is told of it."""
        self._pending[number] = proposal

    def expect(self, number: int, proposal: Proposal) -> None:
        """Let the sampler know of a proposal that it did not make itself."""
        self._sampler.expect(number, proposal)
        self.add(number, proposal)

    def choices(self, number: int) -> dict[str, Choice]:
        """Return the answers of a proposal that the sampler was told nothing of yet."""
        return self._pending[number].choices

    def row(
        self, number: int, *, trial_id: str | None = None, score: float | None = None
    ) -> ProposalRow:
        """Return a proposal as it is put on record."""
        proposal = self._pending[number]
        return ProposalRow(
            job_id=self._job_id,
            number=number,
            choices=proposal.choices,
            info=proposal.info,
            trial_id=trial_id,
            score=score,
        )

    def record_repeat(self, number: int, known: KnownTrial) -> None:
        """Store a proposal of a candidate that the job has a trial of, and tell what is known."""
        with self._database.write() as session:
            row = self.row(number, trial_id=known.trial_id)
            if known.is_final:
                row.tell(self._told, known.told)
            session.add(row)
        if known.is_final:
            self._tell_pending(number, known.told)
        else:
            known.awaiting.append(number)

    def record_rejected(self, number: int) -> None:
        """Store a proposal that is infeasible, and tell the sampler so."""
        with self._database.write() as session:
            row = self.row(number)
            row.tell(self._told, None)
            session.add(row)
        self._tell_pending(number, None)

    def record_held(self, number: int, score: float) -> None:
        """Store a proposal that waits for the end of its round."""
        with self._database.write() as session:
            session.add(self.row(number, score=score))
        self._held.add(number)

    def record_held_already(self, number: int, score: float) -> None:
        """Store a proposal of a candidate that is in the round already, and pass it over."""
        with self._database.write() as session:
            row = self.row(number, score=score)
            row.tell(self._told, None)
            session.add(row)
        self._withdraw_pending(number)

    def store_start(self, session: Session, number: int, trial: TrialRow) -> None:
        """Put on record that a proposal has become a trial.

        One that was held, or was told to be infeasible, is on record already.
        """
        if number in self._pending and number not in self._held:
            session.add(self.row(number, trial_id=trial.id))
        else:
            session.get_one(ProposalRow, (self._job_id, number)).trial_id = trial.id
        session.flush()

    def store_tells(self, session: Session, known: KnownTrial, passed_over: int = 0) -> None:
        """Put on record what `tell` will tell of a trial, after so many that are withdrawn."""
        self._store(session, known.awaiting, self._told + passed_over, known.told)

    def tell(self, trial: TrialRow) -> None:
        """Tell the sampler what `store_tells` has put on record."""
        _LOG.info("trial %d: %s", trial.number, trial.status.value, extra={"trial_id": trial.id})
        known = self.of_trial(trial)
        known.is_final = True
        for number in known.awaiting:
            self._tell_pending(number, known.told)
        known.awaiting = []

    def store_withdrawals(self, session: Session, numbers: Sequence[int]) -> None:
        """Put on record that the sampler is to forget proposals that lost their round."""
        self._store(session, numbers, self._told, None)

    def withdraw(self, numbers: Sequence[int]) -> None:
        """Let the sampler forget what `store_withdrawals` has put on record."""
        for number in numbers:
            self._withdraw_pending(number)

    def _store(self, session: Session, numbers: Sequence[int], first: int, values: Values) -> None:
        for order, number in enumerate(numbers, first):
            store_tell(session, self._job_id, number, order, values)

    def _tell_pending(self, number: int, values: Values) -> None:
        self._told += 1
        self._held.discard(number)
        self._tell(number, self._pending.pop(number), values)

    def _withdraw_pending(self, number: int) -> None:
        self._held.discard(number)
        self._told += 1
        self._withdraw(number, self._pending.pop(number))

    def _tell(self, number: int, proposal: Proposal, values: Values) -> None:
        if self._has_several and isinstance(self._sampler, MultiObjectiveSampler):
            self._sampler.tell_values(number, proposal, values)
        else:
            self._sampler.tell(number, proposal, None if values is None else values[0])
        self._records.note_tell()

    def _withdraw(self, number: int, proposal: Proposal) -> None:
        self._sampler.withdraw(number, proposal)
        self._records.note_tell()
