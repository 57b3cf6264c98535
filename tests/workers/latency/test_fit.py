from __future__ import annotations

import numpy as np
import pytest

from workers.latency.fit import Fit, Sample, fit


def samples(scale: float, per_call: float, constant: float, noise: float = 0.0) -> list[Sample]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(24):
        operations, calls = rng.uniform(0.5, 5), int(rng.integers(50, 400))
        latency = scale * operations + per_call * calls + constant
        made.append(Sample(operations, calls, latency * (1 + noise * rng.standard_normal())))
    return made


def test_coefficients_are_found_again():
    found = fit(samples(1.5, 0.002, 0.1))
    assert found.scale == pytest.approx(1.5)
    assert found.per_call == pytest.approx(0.002)
    assert found.constant == pytest.approx(0.1)
    assert Fit(**found.as_json()) == found


def test_noise_changes_little_and_no_coefficient_is_negative():
    found = fit(samples(1.5, 0.0, 0.0, noise=0.05))
    assert found.predict(2.0, 200) == pytest.approx(3.0, rel=0.05)
    assert min(found.as_json().values()) >= 0


def test_networks_measured_while_another_process_had_the_device_do_not_spoil_the_fit():
    good = samples(1.5, 0.002, 0.1, noise=0.01)
    disturbed = [Sample(s.operations_ms, s.calls, 10 * s.latency_ms) for s in good[:5]]
    found = fit(good + disturbed)
    assert found.predict(2.0, 200) == pytest.approx(3.5, rel=0.03)


def test_too_few_samples_leave_the_sum_as_it_is():
    assert fit(samples(2, 0, 0)[:2]).predict(3.5, 100) == 3.5
