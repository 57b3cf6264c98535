"""The NAS-Bench-201 space: cells of four nodes whose six edges choose among five operations."""
