"""Letting Ray Tune forget the trials that have ended, so that long jobs run as short ones do.

Tune's controller keeps every trial, writes it out as JSON at the end, and looks through all of
them at each step. Here they are in the database, and nobody asks Tune about them again.
"""

from __future__ import annotations

from ray.tune.execution.tune_controller import TuneController


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
