from __future__ import annotations

import pytest

from nas.recipe import Recipe
from nas.resources import Resources
from nas.shortage import MemoryShortage
from nas.status import TrialStatus
from tests.nas.factories import add_job, finish, new_database, new_loop, new_spec
from workers.cluster import Node
from workers.memory_correction import corrected_share, memory_correction
from workers.placement import GPU_CONTEXT_BYTES, Placement, tensor_bytes


def test_trial_that_exceeded_its_estimate_raises_that_of_the_job(tmp_path):
    database = new_database(tmp_path)
    analyze = new_spec().new_problem().analyze
    job_id = add_job(database, trials=4)
    assert memory_correction(database, job_id, analyze) == 1
    loop = new_loop(database, job_id)
    finish(loop, loop.next_task())
    task = loop.next_task()
    estimated = tensor_bytes(analyze(task.architecture), Recipe().batch_size, "sgd")
    shortage = MemoryShortage(32, 3 * estimated)
    loop.fail(task.trial_id, TrialStatus.INFEASIBLE, "out of memory", shortage)
    assert memory_correction(database, job_id, analyze) == pytest.approx(3)
    # One that had used less than was estimated met with others on its device.
    less = loop.next_task()
    loop.fail(less.trial_id, TrialStatus.INFEASIBLE, "out of memory", MemoryShortage(32, 10))
    assert memory_correction(database, job_id, analyze) == pytest.approx(3)
    # The smallest share that held the estimate does not hold the corrected one.
    task = loop.next_task()
    needed = tensor_bytes(analyze(task.architecture), 64, "sgd")
    eighth = GPU_CONTEXT_BYTES + 2 * needed
    placement = Placement(Resources(), (Node("node", 2.0, 1.0),), gpu_bytes=8 * eighth)
    assert placement.share(task, analyze).gpus == 1 / 8
    assert corrected_share(database, job_id, placement, analyze)(task).gpus == 1 / 4
    database.close()
