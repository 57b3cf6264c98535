"""Drawings as a browser shows them, in narrow fonts and in wide ones."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from search_spaces.svg import draw_graphs
from tests.search_spaces.svg.factories import pictures_of_everything

OVERFLOWING_TEXTS = """family => {
  document.querySelector('svg').setAttribute('font-family', family);
  return [...document.querySelectorAll('.node')].flatMap(node => {
    const box = node.querySelector('.box').getBBox();
    return [...node.querySelectorAll('text')].filter(text => {
      const drawn = text.getBBox();
      return drawn.x < box.x || drawn.x + drawn.width > box.x + box.width ||
             drawn.y < box.y || drawn.y + drawn.height > box.y + box.height;
    }).map(text => text.textContent);
  });
}"""


@pytest.mark.slow
def test_text_stays_inside_its_box_in_a_browser(page: Page) -> None:
    for name, pictures in pictures_of_everything().items():
        page.set_content(draw_graphs(pictures, name))
        for family in ("Helvetica, Arial, sans-serif", "DejaVu Sans, Verdana", "monospace"):
            assert page.evaluate(OVERFLOWING_TEXTS, family) == [], (name, family)
