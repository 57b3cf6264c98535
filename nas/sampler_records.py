"""What a search keeps of its sampler, besides what that was told: its state, and its policy.

Both are recorded after the tells that they follow from are committed, and say how many tells that
were. A crash in between costs nothing: the loop made anew repeats the later tells, and what was
not recorded is recorded then.
"""

from __future__ import annotations

from nas.database import Database
from nas.database.policies import add_policy, last_update, policy_stride
from nas.database.sampler_states import find_sampler_state, keep_sampler_state
from nas.samplers import CheckpointedSampler, PolicySampler, Sampler

TELLS_PER_STATE = 50
"""Tells between two states: what a sampler is told again after a crash, at most."""


class SamplerRecords:
    """Restores a job's sampler, and writes down how it develops."""

    def __init__(self, database: Database, job_id: str, sampler: Sampler) -> None:
        self._database = database
        self._job_id = job_id
        self._sampler = sampler
        self._told = self._told_when_kept = 0
        with database.read() as session:
            newest = last_update(session, job_id)
        self._last_update = -1 if newest is None else newest

    def restore(self) -> int:
        """Give the sampler the state that was kept; returns how many tells that covers.

        A state that this version of the sampler cannot read covers none.
        """
        if not isinstance(self._sampler, CheckpointedSampler):
            return 0
        with self._database.read() as session:
            row = find_sampler_state(session, self._job_id)
        if row is None:
            return 0
        try:
            self._sampler.load_state(row.state)
        except ValueError:
            return 0
        self._told = self._told_when_kept = row.told
        return row.told

    def note_tell(self) -> None:
        """Take note that the sampler was told one more result."""
        self._told += 1
        if isinstance(self._sampler, PolicySampler):
            self._record_policy(self._sampler)
        if isinstance(self._sampler, CheckpointedSampler):
            self._keep_state(self._sampler)

    def _record_policy(self, sampler: PolicySampler) -> None:
        update = sampler.updates
        if update <= self._last_update:
            return
        self._last_update = update
        if update % policy_stride(update) == 0:
            with self._database.write() as session:
                add_policy(session, self._job_id, self._told, sampler.policy())

    def _keep_state(self, sampler: CheckpointedSampler) -> None:
        if self._told - self._told_when_kept < TELLS_PER_STATE:
            return
        self._told_when_kept = self._told
        with self._database.write() as session:
            keep_sampler_state(session, self._job_id, self._told, sampler.state())
