"""Running a follow-up's rounds as a runner does, with accuracies that need no training."""

from __future__ import annotations

from nas.database import Database
from nas.database.jobs import find_or_raise_job
from nas.scaling.rounds import search_rounds
from tests.nas.factories import finish, new_loop


def follow(database: Database, job_id: str, *, at_most: int | None = None) -> list[str]:
    """Run up to so many trials, as if the runner then died; return their hashes."""
    with database.read() as session:
        spec = find_or_raise_job(session, job_id).spec
    hashes: list[str] = []
    for part in search_rounds(database, job_id, spec, spec.new_problem()):
        loop = new_loop(database, job_id, problem=part.problem, trials=part.trials)
        while len(hashes) != at_most and (task := loop.next_task()) is not None:
            hashes.append(task.architecture.content_hash)
            finish(loop, task)
        if len(hashes) == at_most:
            break
    return hashes
