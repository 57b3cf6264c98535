from __future__ import annotations

import pytest

from nas.datasets import DATASETS
from nas.errors import InvalidInputError
from nas.feasibility import DRAWS, check_feasible
from nas.job import parse_job_spec
from search_spaces import spaces

REQUEST = {"sampler": "random", "dataset": "digits"}
GIANT = {
    "stages": {
        **{"min_stages": 12, "max_stages": 12, "depths": [128], "widths": [2560]},
        **{"families": ["mbconv"], "expansions": [8.0], "strides": [1]},
    },
    "cell": {"blocks": 7, "repeats": 20, "filters": 1024, "operations": ["conv_3x3"]},
}


@pytest.mark.parametrize("dataset", sorted(DATASETS))
@pytest.mark.parametrize("space", sorted(spaces()))
def test_every_space_suits_every_data_set(space, dataset):
    request = REQUEST | {"space": space, "dataset": dataset}
    check_feasible(parse_job_spec(request))
    check_feasible(parse_job_spec(request | {"space_options": {}}))


def test_start_that_the_images_are_too_small_for_is_refused_with_its_layer():
    spec = parse_job_spec(
        REQUEST | {"space": "stages", "start_from": ["resnet-18", "alexnet", "vgg-11"]}
    )
    message = (
        r"^start_from: case study 'alexnet' cannot be trained on 'digits': architecture: layer "
        r"'stem.1' has no output for a 1x8x8 image: .*; allowed: larger images"
    )
    with pytest.raises(InvalidInputError, match=message):
        check_feasible(spec)


@pytest.mark.parametrize("space", GIANT)
def test_space_of_giant_networks_alone_is_refused(space):
    spec = parse_job_spec(REQUEST | {"space": space, "space_options": GIANT[space]})
    message = (
        f"^space_options: of {DRAWS + 1} architectures of the space none can be trained on "
        "'digits'; the first: architecture: more than 2,000,000,000 parameters"
    )
    with pytest.raises(InvalidInputError, match=message):
        check_feasible(spec)


def test_space_whose_layers_all_need_larger_images_is_refused_with_the_layer():
    options = {
        **{"families": ["conv"], "kernels": [7], "paddings": ["valid"], "depths": [2]},
        "stems": ["none"],
    }
    spec = parse_job_spec(REQUEST | {"space": "stages", "space_options": options})
    with pytest.raises(InvalidInputError, match=r"the first: architecture: layer 'stages.0.1.*no"):
        check_feasible(spec)


def test_space_that_holds_some_network_that_fits_is_accepted():
    options = {"families": ["conv"], "kernels": [1, 7], "paddings": ["valid"], "depths": [1, 9]}
    check_feasible(parse_job_spec(REQUEST | {"space": "stages", "space_options": options}))
