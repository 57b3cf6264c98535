"""Learning curves of trials that were never trained: how good, how fast, how noisy."""

from __future__ import annotations

import numpy as np

from nas.schedulers import SCHEDULERS, Judgement, Scheduler


def curve_of(number: int, epochs: int, *, seed: int = 0) -> list[float]:
    """Rise to a final value of the trial's own, faster or slower, with a little noise."""
    rng = np.random.default_rng([seed, number])
    final, pace = rng.uniform(0.5, 0.99), rng.uniform(0.15, 0.5)
    steps = np.arange(1, epochs + 1)
    noise = rng.normal(0, 0.01, epochs)
    return [float(v) for v in final * (1 - np.exp(-pace * steps)) + noise]


def new_scheduler(name: str, epochs: int = 9, seed: int = 0, **options: object) -> Scheduler:
    return SCHEDULERS[name].create(options, epochs, seed)


def run_alone(scheduler: Scheduler, number: int, curve: list[float]) -> list[Judgement]:
    """Run one trial until it is stopped or over; return how it was judged."""
    judgements = []
    for epoch, value in enumerate(curve, 1):
        judgement = scheduler.judge(number, epoch, value)
        if judgement is not None:
            judgements.append(judgement)
            if judgement.stops:
                break
    return judgements
