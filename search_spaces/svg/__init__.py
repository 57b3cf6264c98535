"""Architectures as SVG drawings: a layered layout of their graphs, without other programs."""

from search_spaces.svg.drawing import draw_graphs

__all__ = ["draw_graphs"]
