"""Settings that all batch norms of a network share.

Ioffe, Szegedy: Batch Normalization, ICML 2015, section 3, https://arxiv.org/abs/1502.03167
"""

from torch import nn


def set_batch_norm(network: nn.Module, *, eps: float, momentum: float) -> None:
    """Give every batch norm of `network` these settings; momentum as torch means it."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = eps, momentum
