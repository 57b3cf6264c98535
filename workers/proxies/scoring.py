"""What a job needs of proxies, made from its request, and the search that does without training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from nas.appraisal import Appraiser
from nas.datasets import AnyData, find_or_raise_dataset
from nas.job import JobSpec
from nas.search import SearchLoop
from search_spaces import Architecture
from workers.proxies.appraiser import ProxyAppraiser
from workers.proxies.scorer import ProxyScorer
from workers.training.evaluator import pick_device


@dataclass(frozen=True)
class JobScoring:
    """A job's proxies on the job's data; networks are only made once they are asked for."""

    spec: JobSpec
    data: AnyData

    @property
    def appraisers(self) -> tuple[Appraiser, ...]:
        """The appraiser of the proxy that evaluates, or that candidates are screened by."""
        proxy = self.spec.parsed_evaluator.proxy
        if self.spec.screen is not None:
            proxy = self.spec.screen.proxy
        return () if proxy is None else (ProxyAppraiser(self._scorer, proxy),)

    def scores(self, architecture: Architecture, proxy: str) -> float:
        """Score an architecture, as `nas.proxies.ProxyScores` says."""
        return self._scorer.score(architecture, proxy).value

    @cached_property
    def _scorer(self) -> ProxyScorer:
        info = find_or_raise_dataset(self.spec.dataset).info
        return ProxyScorer(
            self.data.train,
            info.input_shape,
            info.num_classes,
            recipe=self.spec.recipe,
            seed=self.spec.seed,
            device=pick_device(),
        )


def complete_untrained(loop: SearchLoop, should_stop: Callable[[], bool]) -> None:
    """Run a search whose trials have all their figures before training, in this process."""
    while not should_stop() and (task := loop.next_task()) is not None:
        loop.complete(task.trial_id)
