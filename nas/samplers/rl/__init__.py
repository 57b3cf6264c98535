"""The policy-gradient sampler: a recurrent controller and how it learns."""
