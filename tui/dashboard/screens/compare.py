"""What changed between two runs, as a screen to scroll through."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.fit import wrapped
from tui.dashboard.widgets.key_line import KeyLine
from tui.insight.compare import compare_sections, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

    from tui.insight.compare import Comparison
    from tui.insight.sections import Row, Section

_CELL = 9
_EDGES = 4  # cells beside a text
_COLORS = {
    "": "",
    "quiet": "$quiet",
    "slower": "$text-error",
    "faster": "$text-success",
    "critical": "$text-warning",
}


class CompareScreen(Screen[None]):
    """Tells what changed from one run to another."""

    CSS_PATH: ClassVar[str] = "../styles/runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll('up')", "Up", show=False),
        Binding("down,j", "scroll('down')", "Down", show=False),
        Binding("pageup", "scroll('page_up')", "A page up", show=False),
        Binding("pagedown,space", "scroll('page_down')", "A page down", show=False),
        Binding("home,g", "scroll('home')", "Top", show=False),
        Binding("end,G", "scroll('end')", "End", show=False),
        Binding("q,escape,enter", "dismiss", "Back", key_display="q"),
    ]

    def __init__(self, told: Comparison) -> None:
        super().__init__()
        self._told = told

    def compose(self) -> ComposeResult:
        """Yield the comparison in one line, its parts, and the keys."""
        yield Static(clean(verdict(self._told)), id="about", markup=False)
        with VerticalScroll(id="parts", can_focus=False):
            yield Static(id="text")
        yield KeyLine()

    def on_resize(self) -> None:
        """Tell its parts in the width that there is."""
        width = self.app.size.width - _EDGES
        sections = (Content("\n").join(_lines(each, width)) for each in compare_sections(self._told))
        self.query_one("#text", Static).update(Content("\n\n").join(sections))

    def action_scroll(self, how: str) -> None:
        """Scroll the parts."""
        getattr(self.query_one("#parts"), f"scroll_{how}")(animate=False)


def _lines(section: Section, width: int) -> Iterator[Content]:
    yield Content.assemble((section.title, "bold"), (f"  {section.note}", "$quiet"))
    if section.columns:
        yield Content.styled("".join(f"{title:>{_CELL}}" for title in section.columns), "$quiet")
    for row in section.rows:
        yield wrapped(_line(row), width, _CELL * len(row.cells) + 2 * (row.depth + 2))


def _line(row: Row) -> Content:
    color = _COLORS[row.tone]
    cells = "".join(f"{cell:>{_CELL}}" for cell in row.cells)
    text = f"{'  ' * (row.depth + 1)}{clean(row.text)} "
    weight = "bold" if row.cells and not row.depth and row.tone != "quiet" else ""
    if not row.note:
        return Content.assemble((cells, weight), (text, f"{weight} {color}"))
    return Content.assemble((cells, color), (text, weight), (clean(row.note), color))
