"""Compound scaling: a found network made deeper, wider and of higher resolution, in proportion.

Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019,
https://arxiv.org/abs/1905.11946
"""
