"""The NASNet/ENAS-style cell space: values, operations, networks and drawings."""
