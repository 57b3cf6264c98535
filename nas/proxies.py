"""Every zero-cost proxy by name: what tells something of a network's worth without training it.

The functions themselves need torch and lie in `workers.proxies`; they are named by text, so that
a process which only checks and shows jobs does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from search_spaces.base import Architecture


class ProxyScores(Protocol):
    """Tells what a proxy says of an architecture; a search that asks for it is handed one."""

    def __call__(self, architecture: Architecture, proxy: str) -> float:
        """Return the score, larger for better; minus infinity where the proxy has none.

        The architecture has a network for the search's images.
        """


@dataclass(frozen=True, slots=True)
class ProxyEntry:
    """A proxy's name, what it measures, where it was published, and `module:function`."""

    name: str
    summary: str
    source: str
    location: str


PROXIES: Mapping[str, ProxyEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            ProxyEntry(
                "params",
                "trainable parameters",
                "–",
                "workers.proxies.size:params",
            ),
            ProxyEntry(
                "macs",
                "multiply-accumulates for one image",
                "–",
                "workers.proxies.size:macs",
            ),
            ProxyEntry(
                "grad-norm",
                "norms of the loss's gradient by the weights of each layer, added up",
                "Abdelfattah et al. 2021",
                "workers.proxies.grad_norm:grad_norm",
            ),
            ProxyEntry(
                "snip",
                "how much the loss depends on each weight being there",
                "Lee et al. 2019",
                "workers.proxies.snip:snip",
            ),
            ProxyEntry(
                "synflow",
                "products of weights along all paths from image to logits, without data",
                "Tanaka et al. 2020",
                "workers.proxies.synflow:synflow",
            ),
            ProxyEntry(
                "naswot",
                "how differently images switch the activations on and off",
                "Mellor et al. 2021",
                "workers.proxies.naswot:naswot",
            ),
            ProxyEntry(
                "jacob-cov",
                "how uncorrelated the gradients by the pixels of different images are",
                "Mellor et al. 2020",
                "workers.proxies.jacob_cov:jacob_cov",
            ),
            ProxyEntry(
                "zen",
                "how strongly features answer to small changes of noise images",
                "Lin et al. 2021",
                "workers.proxies.zen:zen",
            ),
        )
    }
)


def find_or_raise_proxy(name: str) -> ProxyEntry:
    """Return the proxy called `name`; raises `ValueError` listing the known ones."""
    try:
        return PROXIES[name]
    except KeyError:
        raise ValueError(f"no proxy {name!r}; known: {', '.join(PROXIES)}") from None
