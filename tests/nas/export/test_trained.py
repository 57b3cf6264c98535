from __future__ import annotations

import pytest
import torch

from nas.export.trained import allowed_difference


@pytest.mark.parametrize(
    ("largest", "allowed"), [(0.0, 1e-4), (9.0, 1e-4), (-600.0, 6e-4), (float("nan"), 1e-4)]
)
def test_exported_logits_may_differ_by_rounding_and_no_more(largest, allowed):
    """At logits of 600 two neighbouring numbers of single precision are 6e-5 apart."""
    assert allowed_difference(torch.tensor([[1.0, largest]])) == pytest.approx(allowed)
