"""Ghost modules for the architecture search service: an operation and a search space."""
