from __future__ import annotations

import pytest

from nas.database.proposals import ProposalRow, list_proposals, next_told, store_tell
from nas.errors import NotFoundError
from tests.nas.factories import add_job


@pytest.mark.parametrize("values", [None, (0.5,), (0.5, -2.0)])
def test_tell_on_record_is_what_was_told_and_touches_no_other_proposal(database, values):
    job_id = add_job(database)
    with database.write() as session:
        for number in range(2):
            session.add(ProposalRow(job_id=job_id, number=number, choices={"a": 1}, info={}))
    with database.write() as session:
        store_tell(session, job_id, 1, 0, values)
    with database.read() as session:
        first, second = list_proposals(session, job_id)
        assert next_told(session, job_id) == 1
    assert (second.told, second.values) == (0, values)
    assert (first.told, first.values) == (None, None)


def test_tell_of_a_proposal_that_is_not_on_record_is_refused(database):
    job_id = add_job(database)
    with pytest.raises(NotFoundError, match="no proposal 3 of job"), database.write() as session:
        store_tell(session, job_id, 3, 0, (0.5,))
