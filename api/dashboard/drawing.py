"""The drawing of a job's best architecture so far."""

from __future__ import annotations

from html import escape

from nicegui import run, ui

from nas.representations import TrialView
from search_spaces import SearchSpaceError, draw_svg, parse_architecture


class BestDrawing:
    """A part of the page; it draws anew only where the best architecture is another one."""

    def __init__(self) -> None:
        self._shown: str | None = None
        with ui.column().classes("w-full q-pa-md") as self._part:
            self._heading = ui.label().classes("text-base font-medium")
            with ui.element("div").classes("w-full overflow-auto"):
                self._drawing = ui.html()  # cleaned of scripts in the browser
        self._part.set_visibility(False)

    async def show(self, best: TrialView | None) -> None:
        """Show a trial's architecture, or nothing."""
        self._part.set_visibility(best is not None)
        if best is None:
            return
        self._heading.set_text(f"Best architecture so far: trial {best.number}")
        if self._shown != best.architecture_hash:
            self._shown = best.architecture_hash
            self._drawing.set_content(await run.io_bound(_drawing_of, best) or "")


def _drawing_of(trial: TrialView) -> str:
    try:
        return draw_svg(parse_architecture(trial.architecture))
    except SearchSpaceError as error:  # of a space that is no longer installed
        return escape(f"It cannot be drawn: {error}")
