"""What every scheduler keeps, whatever it decides by."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.schedulers import SCHEDULERS, find_or_raise_scheduler
from tests.nas.schedulers.curves import curve_of, new_scheduler, run_alone

EPOCHS = 9


def epochs_of(name: str, trials: int, seed: int = 0) -> list[int]:
    """Run trials one after the other; return after how many epochs each ended."""
    scheduler = new_scheduler(name, EPOCHS, seed)
    ended = []
    for number in range(trials):
        judgements = run_alone(scheduler, number, curve_of(number, EPOCHS))
        stopped = bool(judgements) and judgements[-1].stops
        ended.append(judgements[-1].epoch if stopped else EPOCHS)
    return ended


@pytest.mark.parametrize("name", SCHEDULERS)
class TestSchedulerContract:
    def test_stops_some_trials_early_and_says_why(self, name):
        scheduler = new_scheduler(name, EPOCHS)
        reasons = []
        for number in range(30):
            judgements = run_alone(scheduler, number, curve_of(number, EPOCHS))
            assert all(1 <= judgement.epoch < EPOCHS for judgement in judgements)
            assert all(math.isfinite(judgement.value) for judgement in judgements)
            reasons += [judgement.reason for judgement in judgements if judgement.stops]
        assert 5 <= len(reasons) < 30
        assert all("epoch" in reason and "\n" not in reason for reason in reasons)

    def test_saves_epochs_and_keeps_a_trial_as_good_as_nearly_all(self, name):
        ended = epochs_of(name, 60)
        finals = [curve_of(number, EPOCHS)[-1] for number in range(60)]
        kept = max(final for final, epochs in zip(finals, ended, strict=True) if epochs == EPOCHS)
        assert sum(ended) < 0.75 * 60 * EPOCHS
        assert sum(final > kept for final in finals) <= 3

    def test_never_stops_a_lone_trial_nor_one_at_its_last_epoch(self, name):
        scheduler = new_scheduler(name, EPOCHS)
        for number, level in enumerate((0.9, 0.8, 0.7, 0.6, 0.5)):
            judgement = None
            for epoch in range(1, EPOCHS + 1):
                judgement = scheduler.judge(number, epoch, level + epoch / 100)
                assert number or judgement is None or not judgement.stops
            assert judgement is None

    @pytest.mark.parametrize("trials_before", [1, 7, 20])
    def test_learning_what_is_recorded_rebuilds_it(self, name, trials_before):
        lived = new_scheduler(name, EPOCHS, seed=3)
        recorded: dict[int, list[float]] = {}
        for number in range(trials_before):
            curve = curve_of(number, EPOCHS)
            judgements = run_alone(lived, number, curve)
            stopped = bool(judgements) and judgements[-1].stops
            recorded[number] = curve[: judgements[-1].epoch] if stopped else curve
        under_way = [0.99, *curve_of(trials_before, EPOCHS)[1:]]
        assert not any(j.stops for j in run_alone(lived, trials_before, under_way[:1]))
        recorded[trials_before] = under_way[:1]
        rebuilt = new_scheduler(name, EPOCHS, seed=3)
        for number, values in recorded.items():
            rebuilt.learn(number, values)
        for epoch in range(2, EPOCHS + 1):
            one = lived.judge(trials_before, epoch, under_way[epoch - 1])
            assert rebuilt.judge(trials_before, epoch, under_way[epoch - 1]) == one
            if one is not None and one.stops:
                break
        for number in range(trials_before + 1, trials_before + 12):
            curve = curve_of(number, EPOCHS)
            assert run_alone(rebuilt, number, curve) == run_alone(lived, number, curve)

    def test_same_seed_decides_the_same(self, name):
        assert epochs_of(name, 25, seed=1) == epochs_of(name, 25, seed=1)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=27, max_size=27))
    def test_takes_any_values(self, name, values):
        scheduler = new_scheduler(name, 3, min_epochs=1)
        for number in range(9):
            for judgement in run_alone(scheduler, number, values[3 * number : 3 * number + 3]):
                assert judgement.epoch < 3

    def test_unknown_option_is_named(self, name):
        with pytest.raises(ValueError, match=rf"of scheduler '{name}': colour: Extra"):
            new_scheduler(name, colour="red")

    def test_more_epochs_than_a_trial_has_are_refused(self, name):
        options = SCHEDULERS[name].check_options({"min_epochs": 5})
        options.check(6)
        with pytest.raises(ValueError, match="min_epochs is 5 and a trial has 5 epochs, allowed"):
            options.check(5)


def test_registry_names_its_entries_and_refuses_others():
    assert all(entry.name == name and entry.summary for name, entry in SCHEDULERS.items())
    with pytest.raises(ValueError, match=r"no scheduler 'luck'; known: asha, extrapolation"):
        find_or_raise_scheduler("luck")
