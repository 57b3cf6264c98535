"""What runs an architecture at its own resolution: training, proxies, latency."""

from __future__ import annotations

import pytest

from nas.latency import LatencyMethod, LatencyOptions
from nas.proxies import PROXIES
from nas.recipe import Recipe
from search_spaces.analysis import analyze
from tests.workers.training.factories import CPU, SMALL, digits
from workers.latency.probe import LocalProbe, trace_shapes
from workers.proxies.scorer import ProxyScorer
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

SHAPE = (1, 8, 8)
RESIZED = SMALL.model_copy(update={"resolution": 12})
DATA = digits(train=64, validation=32)


@pytest.mark.parametrize("auxiliary_head", [False, True])
def test_candidate_is_trained_and_measured_on_resized_images(auxiliary_head):
    training = CandidateTraining(
        RESIZED,
        SHAPE,
        10,
        images=DeviceImages(DATA.train, CPU),
        recipe=Recipe(batch_size=32, auxiliary_head=auxiliary_head),
        epochs=1,
        seed=0,
        device=CPU,
    )
    seen = []
    training.model.network.register_forward_pre_hook(lambda _, images: seen.append(images[0].shape))
    training.run_epoch()
    training.evaluate(DeviceImages(DATA.validation, CPU))
    assert seen
    assert {tuple(shape[1:]) for shape in seen} == {(1, 12, 12)}


@pytest.mark.parametrize("proxy", sorted(PROXIES))
def test_proxies_see_the_network_at_its_resolution(proxy):
    scorer = ProxyScorer(DATA.train, SHAPE, 10, recipe=Recipe(batch_size=8), seed=0, device=CPU)
    native, resized = (scorer.score(each, proxy).value for each in (SMALL, RESIZED))
    assert (native == resized) == (proxy == "params")
    if proxy == "macs":
        assert resized == analyze(SMALL, (1, 12, 12), 10).macs


def test_latency_counts_the_resizing_and_the_larger_network():
    options = LatencyOptions(method=LatencyMethod.MEASURED)
    assert LocalProbe(SHAPE, 10, options, "cpu").measure(RESIZED).median_ms > 0
    operations = trace_shapes(RESIZED, SHAPE, 10, 1).operations
    assert any("interpolate" in each for each in operations)
    assert any("12" in each for each in operations)
