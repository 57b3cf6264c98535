"""Syne Tune's schedulers: Salinas et al., AutoML 2022, https://github.com/syne-tune/syne-tune."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from syne_tune.config_space import choice
from syne_tune.optimizer import baselines
from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

from nas.bench.peers.base import Peer, arising
from search_spaces import Choices, Decision

_METRIC = "value"


class SyneTunePeer(Peer):
    """A scheduler through Syne Tune's ask-and-tell interface; it answers every decision."""

    scheduler: ClassVar[Any]
    """Its class."""

    def __init__(self, decisions: tuple[Decision, ...], seed: int) -> None:
        super().__init__(decisions, seed)
        logging.getLogger("syne_tune").setLevel(logging.ERROR)
        space = {decision.name: choice(list(decision.choices)) for decision in decisions}
        scheduler = self.scheduler(space, _METRIC, do_minimize=False, random_seed=seed)
        self._scheduler = AskTellScheduler(scheduler)
        self._trial: Any = None

    def ask(self) -> Choices:
        """Ask the scheduler."""
        self._trial = self._scheduler.ask()
        return arising(self.decisions, self._trial.config)

    def tell(self, value: float | None) -> None:
        """Tell the scheduler; it is not told of what has no value."""
        if value is not None:
            self._scheduler.tell(self._trial, {_METRIC: value})


class REAPeer(SyneTunePeer):
    """Regularised evolution."""

    scheduler = baselines.REA


class BOREPeer(SyneTunePeer):
    """Bayesian optimisation by density-ratio estimation (Tiao et al. 2021)."""

    scheduler = baselines.BORE


class KDEPeer(SyneTunePeer):
    """Tree-structured Parzen estimator."""

    scheduler = baselines.TPE


class CQRPeer(SyneTunePeer):
    """Conformal quantile regression (Salinas et al. 2023)."""

    scheduler = baselines.CQR
