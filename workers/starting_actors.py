"""Letting the actors of a job start side by side, and in peace.

By itself Tune starts one actor at a time, and gives the trial that waits for one to whichever other
actor becomes free first. The one that was about to start is then stopped, and the next trial has
another one begun. Where trials are shorter than the seconds that an actor takes to load its
libraries, a single actor so does all of them, beside processes that are started and killed.
"""

from __future__ import annotations

from typing import Any

from ray.tune.execution.tune_controller import TuneController


def let_actors_start(controller: TuneController) -> None:
    """Keep trials for the actors that start for them, and have further ones proposed meanwhile.

    To be called at each of the controller's steps. A trial that waits for room on the cluster is
    left to any actor that becomes free, and there is one of these at most. One that the controller
    has not prepared yet is none of them.
    """
    placed = 0
    trial: Any
    for trial in controller._pending_trials:
        actor = controller._trial_to_actor.get(trial)
        has_started = actor is not None and controller._actor_manager.is_actor_started(actor)
        placed += has_started
        waiting = controller._resources_to_pending_trials[trial.placement_group_factory]
        if actor is None or has_started:
            waiting.discard(trial)
        else:
            waiting.add(trial)
    controller.update_max_pending_trials(placed + 1)
