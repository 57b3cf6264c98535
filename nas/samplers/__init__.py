"""Samplers: each proposes architectures and learns from their rewards."""

from nas.samplers.base import (
    CheckpointedSampler,
    MultiObjectiveSampler,
    PolicySampler,
    Proposal,
    Sampler,
)
from nas.samplers.options import SamplerOptions
from nas.samplers.registry import SAMPLERS, SamplerEntry, create_sampler, find_or_raise_sampler

__all__ = [
    "SAMPLERS",
    "CheckpointedSampler",
    "MultiObjectiveSampler",
    "PolicySampler",
    "Proposal",
    "Sampler",
    "SamplerEntry",
    "SamplerOptions",
    "create_sampler",
    "find_or_raise_sampler",
]
