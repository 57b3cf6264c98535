"""Weight sharing as the evaluator of a job: train the supernet, then rank by it.

The life of such a job, told in order:

1. In each epoch the sampler proposes `steps_per_epoch` paths. The weights are trained for one
   pass over the training images, each mini-batch on one of these paths or on one drawn
   uniformly. Each path is measured on a validation mini-batch, and the sampler is told.
2. The epoch is recorded: its checkpoint is written first, then its proposals and what they came
   to are stored in one transaction. So a crash loses the epoch under way and nothing else.
3. The search loop then makes the sampler anew from that record. The best of these paths, and
   what the sampler proposes now, are scored here on all validation images, and the best become
   trials to be trained from scratch; see `nas.screening`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas.appraisal import Appraisal, Appraiser, appraise
from nas.database import Database
from nas.database.proposals import ProposalRow, list_proposals, next_told
from nas.datasets import ImageData
from nas.errors import NasError
from nas.evaluation import Metrics
from nas.evaluators import WeightSharingOptions
from nas.job import JobSpec
from nas.layout import supernet_directory
from nas.metrics import counted_figures
from nas.objective import Objective
from nas.problem import SearchProblem
from nas.samplers import Proposal, Sampler, create_sampler
from nas.samplers.base import generator
from nas.screening import SCORE
from search_spaces import Architecture
from workers.supernet.training import SupernetTraining
from workers.training.checkpoint import write_atomically
from workers.training.evaluator import pick_device
from workers.training.memory import memory_errors_named

_LOG = logging.getLogger(__name__)
_UNIFORM_DRAWS = 200
_STREAM = 2**32
"""Of random numbers that are no proposal's."""


class SupernetAppraiser:
    """Scores an architecture by the objective, with shared weights on all validation images."""

    names = frozenset({SCORE})

    def __init__(
        self, training: SupernetTraining, problem: SearchProblem, objective: Objective
    ) -> None:
        self._training, self._problem, self._objective = training, problem, objective

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        """How long the supernet was trained, and where it is run."""
        return {
            SCORE: {
                "supernet_epochs": self._training.epoch,
                "batch_norm": "statistics of the batch",
                "device": self._training.device.type,
            }
        }

    def appraise(self, architecture: Architecture) -> Mapping[str, float]:
        """Return the score; raises `TrialInfeasibleError` where memory does not suffice."""
        with memory_errors_named():
            metrics = self._training.on_all(architecture)
        known = counted_figures(self._problem.analyze(architecture))
        return {SCORE: worth(self._objective, known, metrics)}


def worth(objective: Objective, known: Mapping[str, float], metrics: Metrics) -> float:
    """Return what an objective comes to for a path."""
    return objective.values({**known, "accuracy": metrics.accuracy, "loss": metrics.loss})[0]


class JobSupernet:
    """The supernet of one job; `train` goes on from what is recorded."""

    def __init__(
        self,
        database: Database,
        job_id: str,
        spec: JobSpec,
        data: ImageData,
        artifact_dir: Path,
        *,
        problem: SearchProblem | None = None,
        appraisers: Sequence[Appraiser] = (),
    ) -> None:
        options = spec.parsed_evaluator_options
        if not isinstance(options, WeightSharingOptions):
            raise TypeError(f"job {job_id} is evaluated by {spec.evaluator}")
        self._database, self._job_id, self._spec = database, job_id, spec
        self._options, self._appraisers = options, appraisers
        self._directory = supernet_directory(artifact_dir, job_id)
        self._problem = problem or spec.new_problem()
        self.training = SupernetTraining(
            self._problem,
            data,
            recipe=spec.recipe,
            epochs=options.epochs,
            seed=spec.seed,
            device=pick_device(),
        )

    @property
    def appraiser(self) -> Appraiser:
        """What scores candidates by the weights as they are."""
        return SupernetAppraiser(self.training, self._problem, self._spec.parsed_objective)

    def train(self, should_stop: Callable[[], bool]) -> None:
        """Train for the epochs that are left, or until `should_stop()`."""
        sampler = self._restore()
        while self.training.epoch < self._options.epochs and not should_stop():
            self._run_epoch(sampler)

    def _restore(self) -> Sampler:
        """Load the checkpoint of the last recorded epoch, and rebuild its sampler."""
        sampler = create_sampler(
            self._spec.sampler, self._problem, self._spec.seed, self._spec.sampler_options
        )
        steps = self._options.steps_per_epoch
        with self._database.read() as session:
            rows = list_proposals(session, self._job_id)[: self._options.epochs * steps]
        epoch = len(rows) // steps
        if epoch:
            path = self._checkpoint(epoch)
            if not path.exists():
                raise NasError(f"the supernet's checkpoint {path} is gone; nothing can be ranked")
            state = torch.load(path, map_location=self.training.device, weights_only=True)
            self.training.restore(state)
        for row in rows:
            sampler.tell(row.number, Proposal(row.choices, row.info), row.reward)
        return sampler

    def _run_epoch(self, sampler: Sampler) -> None:
        epoch, steps = self.training.epoch, self._options.steps_per_epoch
        rng = generator(self._spec.seed, _STREAM + epoch)
        numbers = range(epoch * steps, (epoch + 1) * steps)
        proposals = [sampler.ask(number) for number in numbers]
        architectures = [self._problem.architecture(each.choices) for each in proposals]
        appraisals = [self._appraise(each) for each in architectures]
        feasible = [a.refusal is None for a in appraisals]
        paths = [a for a, fits in zip(architectures, feasible, strict=True) if fits]
        loss = self.training.run_epoch(lambda: self._draw_path(paths, rng))
        _LOG.info("job %s: supernet epoch %d, loss %.4f", self._job_id, epoch + 1, loss)
        rewards = [
            self._reward(architecture, appraisal, rng) if fits else None
            for architecture, appraisal, fits in zip(
                architectures, appraisals, feasible, strict=True
            )
        ]
        self._record(numbers, proposals, rewards)
        for number, proposal, reward in zip(numbers, proposals, rewards, strict=True):
            sampler.tell(number, proposal, reward)

    def _draw_path(self, paths: Sequence[Architecture], rng: np.random.Generator) -> Architecture:
        """Draw one of the sampler's paths, or any that keeps the constraints."""
        if paths and rng.random() >= self._options.uniform_share:
            return paths[int(rng.integers(len(paths)))]
        for _ in range(_UNIFORM_DRAWS):
            architecture: Architecture = self._problem.space.sample(rng).canonical()
            if self._appraise(architecture).refusal is None:
                return architecture
        raise NasError(
            f"constraints: of {_UNIFORM_DRAWS} paths drawn none keeps them; the supernet has "
            "nothing to be trained on"
        )

    def _appraise(self, architecture: Architecture) -> Appraisal:
        constraints = self._spec.parsed_constraints
        known = [c for c in constraints if c.metric != SCORE]
        return appraise(self._problem, architecture, self._appraisers, known)

    def _reward(
        self, architecture: Architecture, appraisal: Appraisal, rng: np.random.Generator
    ) -> float:
        metrics = self.training.on_mini_batch(architecture, rng)
        return worth(self._spec.parsed_objective, appraisal.figures, metrics)

    def _record(
        self, numbers: range, proposals: Sequence[Proposal], rewards: Sequence[float | None]
    ) -> None:
        """Write the checkpoint, then store the epoch, then remove the checkpoint before."""
        path = self._checkpoint(self.training.epoch)
        write_atomically(path, lambda file: torch.save(self.training.state(), file))
        with self._database.write() as session:
            told = next_told(session, self._job_id)
            for offset, number in enumerate(numbers):
                row = ProposalRow(
                    job_id=self._job_id,
                    number=number,
                    choices=proposals[offset].choices,
                    info=proposals[offset].info,
                )
                reward = rewards[offset]
                row.tell(told + offset, None if reward is None else (reward,))
                session.add(row)
        self._checkpoint(self.training.epoch - 1).unlink(missing_ok=True)

    def _checkpoint(self, epoch: int) -> Path:
        return self._directory / f"epoch-{epoch}.pt"
