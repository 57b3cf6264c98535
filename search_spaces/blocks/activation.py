"""Activation functions by the names that architectures use for them.

ReLU6: Sandler et al.: MobileNetV2, CVPR 2018, https://arxiv.org/abs/1801.04381
Hard swish and hard sigmoid: Howard et al.: Searching for MobileNetV3, ICCV 2019, section 5.2,
https://arxiv.org/abs/1905.02244
SiLU: Ramachandran, Zoph, Le: Searching for Activation Functions, 2017 (swish),
https://arxiv.org/abs/1710.05941
"""

from torch import nn

ACTIVATION_TYPES = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hard-swish": nn.Hardswish,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "hard-sigmoid": nn.Hardsigmoid,
}


def activation_module(name: str) -> nn.Module:
    """Make the activation called `name`, one of `ACTIVATION_TYPES`."""
    made: nn.Module = ACTIVATION_TYPES[name]()
    return made
