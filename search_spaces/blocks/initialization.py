"""How fresh weights are drawn, for every network of stages.

He, Zhang, Ren, Sun: Delving Deep into Rectifiers, ICCV 2015, section 2.2 (backward case,
equation 14), https://arxiv.org/abs/1502.01852. A depthwise or grouped convolution's weight
reaches only its group's outputs, which is what counts here.
"""

from math import sqrt

from torch import nn


def initialize(network: nn.Module) -> None:
    """Draw convolutions from N(0, 2 / fan-out), zero every bias; norms begin as the identity.

    Dense layers keep torch's own start for their weights, uniform in +-1 / sqrt(fan-in).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            height, width = module.kernel_size
            fan_out = height * width * module.out_channels / module.groups
            nn.init.normal_(module.weight, 0.0, sqrt(2 / fan_out))
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
