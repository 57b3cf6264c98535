"""Comparing samplers on tables of architectures that were all trained once."""
