"""Every peer by the name under which its figures are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pkgutil import resolve_name
from types import MappingProxyType

from nas.bench.peers.base import Peer
from nas.bench.problem import TableProblem


@dataclass(frozen=True, slots=True)
class PeerEntry:
    """A peer's name, the module and the distribution that it needs, and its `module:Class`."""

    name: str
    module: str
    distribution: str
    location: str

    @property
    def is_installed(self) -> bool:
        """Whether what the peer needs is there."""
        return find_spec(self.module) is not None

    def create(self, problem: TableProblem, seed: int) -> Peer:
        """Make a fresh peer for a problem."""
        peer: Peer = resolve_name(self.location)(problem.space.decisions, seed)
        return peer


def _optuna(name: str, peer: str) -> PeerEntry:
    return PeerEntry(name, "optuna", "optuna", f"nas.bench.peers.of_optuna:{peer}")


def _syne_tune(name: str, peer: str) -> PeerEntry:
    return PeerEntry(name, "syne_tune", "syne-tune", f"nas.bench.peers.of_syne_tune:{peer}")


def _nni(name: str, peer: str) -> PeerEntry:
    return PeerEntry(name, "nni", "nni", f"nas.bench.peers.of_nni:{peer}")


PEERS: Mapping[str, PeerEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            _optuna("optuna-tpe", "TPEPeer"),
            _optuna("optuna-gp", "GPPeer"),
            _optuna("optuna-cmaes", "CmaEsPeer"),
            _optuna("optuna-random", "RandomPeer"),
            _syne_tune("syne-tune-rea", "REAPeer"),
            _syne_tune("syne-tune-bore", "BOREPeer"),
            _syne_tune("syne-tune-tpe", "KDEPeer"),
            _syne_tune("syne-tune-cqr", "CQRPeer"),
            _nni("nni-regularized-evolution", "RegularizedEvolutionPeer"),
            _nni("nni-evolution", "EvolutionPeer"),
            _nni("nni-tpe", "TPEPeer"),
        )
    }
)
