from __future__ import annotations

import pytest

from nas.evaluation import evaluation_key
from nas.recipe import Recipe

EARLIER_KEYS = [
    ({}, "665074a2c658a13d0b884627a21becf7701844df5f97391613ead2e635659782"),
    (
        {"optimizer": "adamw", "augmentation": {"max_shift": 2}},
        "527e7e611e3d59dfb36ac83aa725f5f688fc274d118689913cdc60fa2c22a51a",
    ),
]


@pytest.mark.parametrize(("recipe", "key"), EARLIER_KEYS)
def test_recipes_of_before_keep_the_keys_under_which_they_were_evaluated(recipe, key):
    assert evaluation_key("data", Recipe(**recipe), epochs=3, seed=7) == key


@pytest.mark.parametrize(
    "change",
    [
        {"mixup": 0.2},
        {"ema_decay": 0.9},
        {"drop_path": 0.1},
        {"auxiliary_head": True},
        {"auxiliary_weight": 0.4},
        {"augmentation": {"cutout": 2}},
        {"augmentation": {"flip": "none"}},
        {"augmentation": {"policy": "randaugment"}},
        {"augmentation": {"policy": "randaugment", "policy_magnitude": 5}},
    ],
)
def test_whatever_changes_the_training_changes_the_key(change):
    default = evaluation_key("data", Recipe(), epochs=3, seed=7)
    assert evaluation_key("data", Recipe(**change), epochs=3, seed=7) != default


def test_recipe_stored_before_reads_as_what_it_meant():
    stored = {"batch_size": 64, "augmentation": {"max_shift": 1, "max_rotation": 10.0}}
    assert Recipe.model_validate(stored) == Recipe()
