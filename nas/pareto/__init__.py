"""Several objectives at once: the front of a job's trials, and how much it dominates."""

from nas.pareto.front import ParetoFront

__all__ = ["ParetoFront"]
