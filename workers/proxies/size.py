"""The size of a network, which every other proxy has to beat."""

from __future__ import annotations

from search_spaces.analysis import analyze_network
from workers.proxies.base import Probe


def params(probe: Probe) -> float:
    """Count trainable parameters."""
    return float(sum(p.numel() for p in probe.model.parameters() if p.requires_grad))


def macs(probe: Probe) -> float:
    """Count multiply-accumulates for one image."""
    _, channels, height, width = probe.seen.shape
    return float(analyze_network(probe.model.network.eval(), (channels, height, width)).macs)
