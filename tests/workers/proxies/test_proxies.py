from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.workers.proxies.factories import convolutional, linear, new_probe
from workers.proxies.grad_norm import grad_norm
from workers.proxies.jacob_cov import jacob_cov
from workers.proxies.naswot import naswot
from workers.proxies.size import macs, params
from workers.proxies.snip import snip
from workers.proxies.synflow import synflow
from workers.proxies.zen import ALPHA, zen


def softmax_gradient(weight, images, labels):
    """The gradient of the mean cross-entropy of one dense layer, written out."""
    x = images.flatten(1)
    errors = (x @ weight.T).softmax(dim=1) - F.one_hot(labels, 3)
    return errors.T @ x / len(x)


def test_params_and_macs_are_those_of_a_network_counted_by_hand():
    probe = new_probe(convolutional(width=4))
    assert params(probe) == 9 * 4 + 8 + 9 * 16 + 8 + 12 + 3
    assert macs(probe) == 16 * (9 * 4 + 9 * 16) + 12


def test_grad_norm_of_one_dense_layer_is_that_of_the_softmax_gradient():
    network = linear(16, 3)
    probe = new_probe(network)
    expected = softmax_gradient(network[1].weight.detach(), probe.images, probe.labels).norm()
    assert grad_norm(probe) == pytest.approx(float(expected), rel=1e-5)


def test_grad_norm_adds_up_the_norms_of_layers_not_their_squares():
    network = linear(16, 5, 3)
    probe = new_probe(network)
    F.cross_entropy(network(probe.images), probe.labels).backward()
    norms = [float(layer.weight.grad.norm()) for layer in network[1:]]
    assert grad_norm(probe) == pytest.approx(sum(norms), rel=1e-5)


def test_snip_is_weight_times_gradient_by_hand():
    network = linear(16, 3)
    probe = new_probe(network)
    weight = network[1].weight.detach()
    expected = (weight * softmax_gradient(weight, probe.images, probe.labels)).abs().sum()
    assert snip(probe) == pytest.approx(float(expected), rel=1e-5)


def test_snip_does_not_see_weights_that_batch_norm_rescales_away():
    scores = []
    for factor in (1.0, 10.0):
        network = convolutional()
        with torch.no_grad():
            network[0].weight.mul_(factor)
        scores.append(snip(new_probe(network)))
    assert scores[0] == pytest.approx(scores[1], rel=1e-2)


def test_synflow_of_a_linear_chain_is_its_closed_form():
    network = linear(16, 5, 7, 3)
    product = torch.ones(16, dtype=torch.float64)
    for layer in network[1:]:
        product = layer.weight.detach().double().abs() @ product
    # Each layer's weights carry all of R once: sum w dR/dw = R, equation 3 of the paper.
    assert synflow(new_probe(network)) == pytest.approx(3 * float(product.sum()), rel=1e-12)


def test_synflow_looks_at_no_data_and_no_sign():
    first, second = linear(16, 5, 3), linear(16, 5, 3)
    with torch.no_grad():
        second[1].weight.neg_()
    other_images = torch.rand((4, 1, 4, 4))
    assert synflow(new_probe(first)) == synflow(new_probe(second, other_images))


def test_synflow_leaves_batch_norm_out():
    with_norm, without = convolutional(norm=True), convolutional(norm=False)
    for source, target in ((0, 0), (3, 2), (8, 6)):
        target = without[target]
        target.load_state_dict(with_norm[source].state_dict())
    assert synflow(new_probe(with_norm)) == pytest.approx(synflow(new_probe(without)), rel=1e-12)


def test_synflow_is_finite_where_single_precision_is_not():
    score = synflow(new_probe(linear(16, *[256] * 60, 3)))
    assert score > torch.finfo(torch.float32).max and math.isfinite(score)


def test_synflow_without_bound_has_no_score():
    network = linear(16, *[4] * 30, 3)
    with torch.no_grad():
        for layer in network[1:]:
            layer.weight.mul_(1e12)
    assert synflow(new_probe(network)) == -math.inf


def test_naswot_counts_the_activations_that_two_images_switch_alike():
    # Four ReLUs on four pixels; the codes are 1010, 1100 and 0000.
    pixels = torch.tensor([[1.0, -1, 1, -1], [1, 1, -1, -1], [-1, -1, -1, -1]])
    probe = new_probe(nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)), _images(pixels))
    kernel = torch.tensor([[4.0, 2, 2], [2, 4, 2], [2, 2, 4]])
    assert naswot(probe) == pytest.approx(float(torch.logdet(kernel)), rel=1e-6)


def test_naswot_of_equal_images_is_degenerate():
    images = torch.rand((5, 1, 4, 4))
    assert math.isfinite(naswot(new_probe(convolutional(), images)))
    assert naswot(new_probe(convolutional(), images[[0, 1, 2, 3, 3]])) == -math.inf


def test_jacob_cov_of_uncorrelated_gradients_is_that_of_unit_eigenvalues():
    # Orthogonal rows without mean: the gradient of (w x)^2 / 2 by x is (w x) w.
    basis = torch.tensor([[1.0, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])

    class Quadratic(nn.Module):
        def forward(self, x):
            return 0.5 * (x.flatten(1) @ basis.T) ** 2

    score = jacob_cov(new_probe(Quadratic(), _images(basis)))
    k = 1e-5
    assert score == pytest.approx(-3 * (math.log(1 + k) + 1 / (1 + k)), rel=1e-5)


def test_jacob_cov_of_a_linear_network_is_the_worst_there_is():
    # One gradient for all images: one eigenvalue of 6, five of 0.
    k = 1e-5
    worst = -(math.log(6 + k) + 1 / (6 + k) + 5 * (math.log(k) + 1 / k))
    assert jacob_cov(new_probe(linear(16, 3))) == pytest.approx(worst, rel=1e-6)


def test_zen_without_batch_norm_is_the_change_of_the_features():
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    probe = new_probe(network)
    again = torch.Generator().manual_seed(2)
    weight = torch.empty(1).normal_(generator=again)
    _, change = (torch.empty_like(probe.images).normal_(generator=again) for _ in range(2))
    expected = math.log(float((ALPHA * weight.abs() * change.flatten(1).norm(dim=1)).mean()))
    assert zen(probe) == pytest.approx(expected, rel=1e-3)


def test_zen_puts_back_the_scale_that_batch_norm_takes_out():
    def network(norm: bool) -> nn.Sequential:
        layers = [nn.Conv2d(1, 8, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(8)] if norm else []
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    images = torch.rand((64, 1, 8, 8))
    plain, normed = zen(new_probe(network(False), images)), zen(new_probe(network(True), images))
    # Per channel the scale comes back exactly; the paper adds it up over channels first.
    assert plain == pytest.approx(normed, abs=0.1)


def test_zen_of_wider_networks_is_larger():
    narrow, wide = zen(new_probe(convolutional(width=4))), zen(new_probe(convolutional(width=32)))
    assert wide > narrow + 1


def test_zen_passes_over_a_batch_norm_that_takes_zeros():
    class Beside(nn.Module):
        def __init__(self, branch):
            super().__init__()
            self.branch = branch

        def forward(self, x):
            return x if self.branch is None else x + self.branch(x * 0.0)

    def network(branch):
        return nn.Sequential(Beside(branch), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    assert zen(new_probe(network(nn.BatchNorm2d(1)))) == zen(new_probe(network(None)))


def test_zen_of_features_that_do_not_change_has_no_score():
    class Nothing(nn.Module):
        def forward(self, x):
            return x * 0.0

    network = nn.Sequential(Nothing(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert zen(new_probe(network)) == -math.inf


def _images(pixels):
    return pixels.reshape(len(pixels), 1, 2, 2)
