"""Letting Ray Tune forget the trials that have ended, so that long jobs run as short ones do.

Tune's controller keeps every trial, writes it out as JSON at the end, and looks through all of
them at each step; what prints their progress keeps them too, 40 kB each. Here they are in the
database, and nobody asks Tune about them again.
"""

from __future__ import annotations

from typing import Any

from ray.tune.execution.tune_controller import TuneController
from ray.tune.progress_reporter import TrialProgressCallback


class NoProgress(TrialProgressCallback):
    """Stands where Tune would put what prints the progress of trials; prints and keeps nothing."""

    def on_trial_result(self, *args: Any, **info: Any) -> None:
        """Do nothing."""

    def on_trial_error(self, *args: Any, **info: Any) -> None:
        """Do nothing."""

    def on_trial_complete(self, *args: Any, **info: Any) -> None:
        """Do nothing."""


def forget_finished(controller: TuneController) -> None:
    """Drop the trials that have ended and given back their actor, all but those with errors.

    To be called where the controller itself is handed in, as in `on_trial_complete`. The list of
    trials is replaced and not changed, since the controller may be going through it.
    """
    finished = {
        trial for trial in controller._stopped_trials if trial not in controller._trial_to_actor
    }
    controller._trials = [trial for trial in controller._trials if trial not in finished]
    controller._pending_trials_list = [
        trial for trial in controller._pending_trials_list if trial not in finished
    ]
    controller._stopped_trials -= finished
    controller._live_trials -= finished
    controller._trials_to_cache -= finished
    for trial in finished:
        controller._trial_metadata.pop(trial.trial_id, None)
