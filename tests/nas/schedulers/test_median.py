from __future__ import annotations

from ray.tune.schedulers import MedianStoppingRule

from tests.nas.schedulers.curves import curve_of, new_scheduler


class Trial:
    trial_id = "any"


def test_every_epoch_is_judged_as_by_tune_itself():
    ours = new_scheduler("median", 9, min_epochs=2, min_trials=3)
    theirs = MedianStoppingRule(
        time_attr="epoch",
        metric="value",
        mode="max",
        grace_period=2,
        min_samples_required=3,
        min_time_slice=10**9,
    )
    theirs._last_pause.default_factory = lambda: 0.0  # without one it would ask who else waits
    stops = 0
    for number in range(40):
        trial = Trial()
        for epoch, value in enumerate(curve_of(number, 9), 1):
            judgement = ours.judge(number, epoch, value)
            decision = theirs.on_trial_result(None, trial, {"epoch": epoch, "value": value})
            if epoch < 9:
                assert (decision == "STOP") == (judgement is not None and judgement.stops)
            if decision == "STOP":
                stops += 1
                break
    assert stops > 10
