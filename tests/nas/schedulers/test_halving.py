from __future__ import annotations

import numpy as np
import pytest
from ray.tune.schedulers import AsyncHyperBandScheduler

from nas.schedulers.halving import HalvingScheduler
from nas.schedulers.options import ASHAOptions, HyperbandOptions
from tests.nas.schedulers.curves import curve_of, new_scheduler, run_alone


class Trial:
    def __init__(self, number: int) -> None:
        self.trial_id = str(number)


def test_rungs_lie_at_powers_of_the_factor():
    scheduler = new_scheduler("asha", 27)
    rising = [epoch / 27 for epoch in range(1, 28)]
    assert [judgement.epoch for judgement in run_alone(scheduler, 0, rising)] == [1, 3, 9]


def test_rung_between_two_epochs_is_that_of_the_later():
    scheduler = new_scheduler("asha", 20, reduction_factor=2.5)
    rising = [epoch / 20 for epoch in range(1, 21)]
    assert [judgement.epoch for judgement in run_alone(scheduler, 0, rising)] == [1, 3, 7, 16]


def test_judgement_tells_the_cutoff_and_the_reason_repeats_it():
    scheduler = new_scheduler("asha", 9)
    for number, value in enumerate((0.1, 0.2, 0.3, 0.4)):
        scheduler.judge(number, 1, value)
    judgement = scheduler.judge(4, 1, 0.25)
    assert judgement.stops
    assert judgement.cutoff == pytest.approx(np.percentile([0.1, 0.2, 0.3, 0.4], 200 / 3))
    assert judgement.reason == (
        "not among the best 1 in 3 at the rung of epoch 1: 0.2500, cutoff 0.3000"
    )


def test_every_epoch_is_judged_as_by_tune_itself():
    """Four trials at once, in the order in which Tune would hand their results out."""
    ours = HalvingScheduler(27, 0, ASHAOptions())
    theirs = AsyncHyperBandScheduler(
        time_attr="epoch", metric="value", mode="max", max_t=27, grace_period=1, reduction_factor=3
    )
    under_way, number = {}, 0
    stops = 0
    while number < 60 or under_way:
        while number < 60 and len(under_way) < 4:
            under_way[number] = 0
            theirs.on_trial_add(None, Trial(number))
            number += 1
        for each in list(under_way):
            under_way[each] += 1
            epoch, value = under_way[each], curve_of(each, 27)[under_way[each] - 1]
            judgement = ours.judge(each, epoch, value)
            decision = theirs.on_trial_result(None, Trial(each), {"epoch": epoch, "value": value})
            if epoch == 27:
                assert judgement is None
                del under_way[each]
                continue
            assert (decision == "STOP") == (judgement is not None and judgement.stops)
            if decision == "STOP":
                assert judgement.value < judgement.cutoff
                stops += 1
                del under_way[each]
    assert stops > 20


def test_hyperband_spreads_trials_over_brackets_as_the_paper_sizes_them():
    scheduler = HalvingScheduler(27, 0, HyperbandOptions())
    first = [run_alone(scheduler, number, [1.0] * 27)[0].epoch for number in range(600)]
    shares = [first.count(epoch) / 600 for epoch in (1, 3, 9)]
    sizes = np.array([3**2 / 3, 3 / 2, 1.0])
    assert shares == pytest.approx(list(sizes / sizes.sum()), abs=0.07)


def test_brackets_without_a_rung_are_refused():
    HyperbandOptions(brackets=3).check(27)
    with pytest.raises(
        ValueError, match="brackets is 4, whose last has its first rung at epoch 27"
    ):
        HyperbandOptions(brackets=4).check(27)
    assert HyperbandOptions().count_brackets(27) == 3
    assert HyperbandOptions().count_brackets(28) == 4
