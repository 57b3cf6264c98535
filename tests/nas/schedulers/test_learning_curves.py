from __future__ import annotations

import numpy as np
import pytest

from nas.schedulers.learning_curves import forecast_final
from tests.nas.schedulers.curves import curve_of, new_scheduler, run_alone

EPOCHS = 20


def curves(count: int, seed: int = 0) -> np.ndarray:
    return np.array([curve_of(number, EPOCHS, seed=seed) for number in range(count)])


def test_forecast_is_far_better_than_the_mean_of_earlier_trials():
    known, asked = curves(15), curves(60, seed=1)
    errors = [forecast_final(known, curve[:8]).mean - curve[-1] for curve in asked]
    assert np.std(errors) < 0.5 * np.std(asked[:, -1])


def test_later_epochs_foresee_better():
    known, asked = curves(15), curves(60, seed=1)
    error = [
        np.mean([abs(forecast_final(known, curve[:n]).mean - curve[-1]) for curve in asked])
        for n in (1, 6, 19)
    ]
    assert error[0] > error[1] > error[2]


def test_probabilities_are_kept_about_as_often_as_they_say():
    """Of the final values, about one in ten lies above what is foreseen with probability 0.1."""
    above = []
    for seed in range(12):
        known, asked = curves(12, seed=seed), curves(20, seed=100 + seed)
        for curve in asked:
            above.append(forecast_final(known, curve[:6]).probability_above(curve[-1]) < 0.1)
    assert np.mean(above) == pytest.approx(0.1, abs=0.06)


def test_equal_curves_are_foreseen_without_trouble():
    flat = np.full((4, EPOCHS), 0.5)
    forecast = forecast_final(flat, flat[0, :3])
    assert forecast.mean == pytest.approx(0.5)
    assert forecast.probability_above(0.6) < 1e-6


def test_hopeless_trial_is_stopped_and_a_record_is_not():
    scheduler = new_scheduler("extrapolation", EPOCHS)
    for number in range(8):
        scheduler.learn(number, curve_of(number, EPOCHS))
    best = max(curve_of(number, EPOCHS)[-1] for number in range(8))
    steps = np.arange(1, EPOCHS + 1)
    bad = list(0.3 * (1 - np.exp(-0.3 * steps)))
    good = list((best + 0.2) * (1 - np.exp(-0.3 * steps)))
    judgements = run_alone(scheduler, 8, bad)
    assert judgements[-1].stops
    assert judgements[-1].epoch <= 8
    assert judgements[-1].cutoff == best
    assert not any(judgement.stops for judgement in run_alone(scheduler, 9, good))
