"""The front of a running job: set up from the database, grown as trials are completed."""

from __future__ import annotations

from collections.abc import Sequence

from nas.appraisal import Appraiser
from nas.database import Database
from nas.database.jobs import find_or_raise_job, lock_job
from nas.job import JobSpec
from nas.metrics import METRICS
from nas.outcome import Outcome
from nas.pareto.front import ParetoFront
from nas.pareto.reference import reference_point
from nas.problem import SearchProblem


def new_front(metrics: Sequence[str], reference: Sequence[float]) -> ParetoFront[str]:
    """Make an empty front of trials' ids; `reference` has each metric's own value."""
    known = [METRICS[name] for name in metrics]
    return ParetoFront(
        [m.maximized(value) for m, value in zip(known, reference, strict=True)],
        [m.maximized(m.ideal) for m in known],
    )


class FrontTracker:
    """Keeps the front of a job with several objectives; of any other job there is none."""

    def __init__(self, front: ParetoFront[str] | None) -> None:
        self._front = front

    @classmethod
    def of_job(
        cls,
        database: Database,
        job_id: str,
        spec: JobSpec,
        problem: SearchProblem,
        appraisers: Sequence[Appraiser],
    ) -> FrontTracker:
        """Start with an empty front and the job's reference point, which is stored if it is new."""
        objective = spec.parsed_objective
        if objective.count == 1:
            return cls(None)
        with database.read() as session:
            reference = find_or_raise_job(session, job_id).reference_json
        if reference is None:
            reference = reference_point(
                objective.metrics, problem, spec.parsed_constraints, appraisers, spec.seed
            )
            with database.write() as session:
                lock_job(session, job_id).reference_json = reference
        return cls(new_front(objective.metrics, [reference[name] for name in objective.metrics]))

    @property
    def hypervolume(self) -> float | None:
        """The front's, None where there is none."""
        return None if self._front is None else self._front.hypervolume

    def add(self, trial_id: str, outcome: Outcome) -> None:
        """Take note of a completed trial; an infeasible one cannot be on the front."""
        if self._front is not None and outcome.is_feasible:
            self._front.add(trial_id, outcome.values)
