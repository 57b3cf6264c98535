from __future__ import annotations

import pickle
import resource
import subprocess
import sys

import pytest

from search_spaces import InfeasibleArchitectureError, parse_architecture
from search_spaces.analysis import analyze
from search_spaces.case_studies import case_studies, find_or_raise_case_study
from search_spaces.limits import MAX_MACS, MAX_PARAMS, MAX_TENSORS

WIDEST = {"family": "mbconv", "width": 2560, "expansion": 8}
NARROWEST = {
    **dict.fromkeys(("ones", "threes_reduce", "threes", "fives_reduce", "fives", "pooled"), 1),
    "family": "inception",
}
LARGE_CELL = {
    "blocks": [{"inputs": [0, 1], "operations": ["separable_conv_5x5", "mbconv_3x3"]}] * 7
}


def stages(block: dict[str, object], depth: int = 128, count: int = 12, **more: object):
    return {"space": "stages", "stages": [{"block": block, "depth": depth}] * count, **more}


GIANTS = {
    "stages": stages(WIDEST),
    "dense": stages({"family": "dense", "growth_rate": 128}),
    "cell": {
        **{"space": "cell", "normal": LARGE_CELL, "reduction": LARGE_CELL},
        **{"repeats": 20, "filters": 1024},
    },
    "chain": {
        "space": "chain",
        "layers": [
            {"filter_height": 15, "filter_width": 15, "filters": 1024, "inputs": list(range(i))}
            for i in range(40)
        ],
    },
}


@pytest.mark.parametrize("name", GIANTS)
def test_network_of_terabytes_is_refused_before_any_of_it_is_made(name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InfeasibleArchitectureError) as caught:
        analyze(parse_architecture(GIANTS[name]), (3, 32, 32), 10)
    assert str(caught.value).startswith(f"architecture: more than {MAX_PARAMS:,} parameters, ")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 500 * 1024


def test_absurdly_deep_network_is_refused_while_it_is_built():
    with pytest.raises(InfeasibleArchitectureError, match=f"more than {MAX_TENSORS:,} tensors of"):
        analyze(parse_architecture(stages(NARROWEST)), (3, 32, 32), 10)


def test_classifier_of_too_many_classes_is_refused():
    head = {"hidden": [8192]}
    wide = parse_architecture(stages({"family": "conv", "width": 8}, 1, 1, head=head))
    assert analyze(wide, (3, 8, 8), 1000).params < MAX_PARAMS
    with pytest.raises(InfeasibleArchitectureError, match="more than 2,000,000,000 parameters"):
        analyze(wide, (3, 8, 8), 1_000_000)


@pytest.mark.parametrize(("side", "what"), [(4096, "MACs"), (1024, "activations")])
def test_work_and_features_for_one_image_are_bounded(side, what):
    deep = {"MACs": (512, 1), "activations": (48, 100)}[what]
    width, depth = deep
    network = parse_architecture(
        stages({"family": "conv", "width": width}, depth, 4 if what == "MACs" else 1)
    )
    with pytest.raises(InfeasibleArchitectureError, match=f"{what} for one image, allowed: at mo"):
        analyze(network, (3, side, side), 10)
    assert analyze(network, (3, 32, 32), 10).macs < MAX_MACS


@pytest.mark.parametrize("name", ["efficientnet-b7", "wrn-28-10", "preact-resnet-1001"])
def test_largest_classics_are_within_the_limits(name):
    study = find_or_raise_case_study(name)
    analysis = analyze(study.architecture, study.input_shape, study.num_classes)
    assert analysis.params == study.params


def test_all_classics_are_far_within_the_limits():
    assert max(study.params for study in case_studies().values()) < MAX_PARAMS / 10
    assert max(study.macs for study in case_studies().values()) < MAX_MACS / 10


def test_error_keeps_its_figures_on_its_way_between_processes():
    code = (
        "import pickle, sys; from search_spaces import InfeasibleArchitectureError as E;"
        "sys.stdout.buffer.write(pickle.dumps(E('too large', params=3, macs=5)))"
    )
    error = pickle.loads(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
    assert (str(error), error.params, error.macs) == ("too large", 3, 5)
