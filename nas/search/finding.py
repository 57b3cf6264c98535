"""Finding what to evaluate next: proposals, until a candidate is new and within the constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nas.database.proposals import ProposalRow
from nas.hyperparameters import nearest_answers
from nas.job import JobSpec
from nas.phases import Phase, PhaseClock
from nas.problem import SearchProblem
from nas.samplers import Proposal, Sampler, create_sampler
from nas.screening import SCORE, Round, best_practised
from nas.search.candidates import AppraisedCandidate, Candidates
from nas.search.ledger import Ledger

PROPOSALS_PER_TRIAL = 50
"""The sampler's attempts at an architecture that is new and within the constraints."""

UNIFORM_PROPOSALS_PER_TRIAL = 200
"""Uniform draws after that, before the space is taken to be used up."""


class CandidateFinder:
    """Asks for proposals, the job's starts first, and lets them compete where there are rounds."""

    def __init__(
        self,
        spec: JobSpec,
        problem: SearchProblem,
        sampler: Sampler,
        ledger: Ledger,
        candidates: Candidates,
        clock: PhaseClock,
    ) -> None:
        as_stated = nearest_answers(spec.recipe, problem.hyperparameters)
        self._starts: Sequence[dict[str, Any]] = [
            start | as_stated for start in spec.starting_choices(problem.space)
        ]
        self._sampler = sampler
        self._uniform = create_sampler("random", problem, spec.seed, {})
        self._ledger = ledger
        self._candidates = candidates
        self._clock = clock
        screening = spec.screening
        self._round: Round[AppraisedCandidate] | None = (
            None if screening is None else Round(screening)
        )
        self._first_start = 0
        self._next_number = 0

    def restore(self, proposals: Sequence[ProposalRow]) -> None:
        """Go on after proposals that are on record."""
        self._next_number = 1 + max((row.number for row in proposals), default=-1)
        if self._round is None:
            if any(row.is_held for row in proposals):
                raise ValueError("proposals are held, but their job has no screening")
            return
        for row in proposals:
            if row.is_held and row.score is not None:
                described = self._candidates.describe(row.number, self._ledger.choices(row.number))
                held = self._candidates.appraise(described)
                self._round.hold(described.identity, row.score, held)
        if any(row.score is not None and row.trial_id for row in proposals):
            self._round.close()
        if self._round.screening.once:
            self._first_start = self._round.screening.practised
            self._starts = best_practised(self._round.screening, proposals)

    def find(self) -> AppraisedCandidate | None:
        """Return the next candidate to evaluate, None where the space is used up.

        One that is refused is returned where no other is found, to be recorded as infeasible.
        """
        if self._round is None or self._is_start_without_round:
            return self._find_new()
        return self._best_of(self._round)

    def take_losers(self) -> list[int]:
        """Return the proposals that lost the round which the latest candidate has won."""
        others = [] if self._round is None else self._round.take_others()
        return [other.candidate.number for other in others]

    @property
    def _is_start_without_round(self) -> bool:
        """Whether the next proposal is a start that a user asked for, which need not compete."""
        is_start = self._next_number - self._first_start < len(self._starts)
        return is_start and not (self._round is not None and self._round.screening.once)

    def _best_of(self, round_: Round[AppraisedCandidate]) -> AppraisedCandidate | None:
        """Hold candidates until the round is full or no new one is found; take out the best."""
        while round_.is_open:
            found = self._find_new()
            if found is None or found.is_refused:
                if not len(round_):
                    return found
                break
            score = found.appraisal.figures[SCORE]
            self._ledger.record_held(found.candidate.number, score)
            round_.hold(found.candidate.identity, score, found)
        return round_.take_best() if len(round_) else None

    def _find_new(self) -> AppraisedCandidate | None:
        """Ask until an architecture, or its recipe, is new and within the constraints.

        A candidate seen before costs no evaluation: the sampler is told what is known. It is
        told None for one that breaks a constraint, that the images are too small for, or that is
        too large; if no other is found, the last of these is returned. The first proposals are
        the job's starts.
        """
        refused: AppraisedCandidate | None = None
        for sampler in self._attempts():
            number = self._next_number
            self._next_number += 1
            candidate = self._candidates.describe(number, self._propose(sampler, number))
            known = self._ledger.find(candidate.identity)
            if known is not None:
                self._ledger.record_repeat(number, known)
                continue
            if self._round is not None and candidate.identity in self._round:
                self._ledger.record_held_already(number, self._round.score(candidate.identity))
                continue
            found = self._candidates.appraise(candidate)
            if not found.is_refused:
                return found
            self._ledger.record_rejected(number)
            refused = found
        return refused

    def _attempts(self) -> Iterator[Sampler]:
        for _ in range(PROPOSALS_PER_TRIAL):
            yield self._sampler
        for _ in range(UNIFORM_PROPOSALS_PER_TRIAL):
            yield self._uniform

    def _propose(self, sampler: Sampler, number: int) -> dict[str, Any]:
        """Return the answers of a start, or of the sampler, and enter them in the ledger."""
        if number - self._first_start < len(self._starts):
            proposal = Proposal(self._starts[number - self._first_start])
            self._ledger.expect(number, proposal)
        else:
            with self._clock.measure(Phase.ASK):
                proposal = sampler.ask(number)
            self._ledger.add(number, proposal)
        return proposal.choices
