"""Model-based search: Gaussian processes over encodings of the canonical architecture."""
