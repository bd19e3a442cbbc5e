"""The kept runs as a table with a cursor, of which one or two are marked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.ansi import clean
from tui.insight.run_list import in_columns, kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from tui.insight.history import History
    from tui.insight.run_list import Listed, Table

_EDGE = 4  # cells for the cursor and the mark
_STATES = {"succeeded": "done", "running": "running", "failed": "failed", "dim": "quiet"}
_PLAIN = Style.null()


class RunTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows runs, the newest first; draws those in sight alone."""

    DEFAULT_CSS = """
    RunTable {
        overflow-x: hidden;
        & > .run-table--quiet { color: $quiet; }
        & > .run-table--cursor { background: $cursor; }
        & > .run-table--mark { color: $key; text-style: bold; }
        & > .run-table--done { color: $done; }
        & > .run-table--running { color: $running; }
        & > .run-table--failed { color: $failed; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"run-table--{name}" for name in ("quiet", "cursor", "mark", "done", "running", "failed")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Run above", show=False),
        Binding("down,j", "move(1)", "Run below", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("home,g", "move(-1000000)", "Newest run", show=False),
        Binding("end,G", "move(1000000)", "Oldest run", show=False),
    ]

    class Opened(Message):
        """The run under the cursor was clicked on twice."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: Sequence[Listed] = ()
        self._history: History | None = None
        self._table: Table | None = None
        self._fitted = 0
        self.cursor = 0
        self.marks: list[str] = []

    @property
    def chosen(self) -> Listed | None:
        """The run under the cursor."""
        return self._runs[self.cursor] if self._runs else None

    @property
    def marked(self) -> list[Listed]:
        """The marked runs, the newest first."""
        return [run for run in self._runs if run.summary.name in self.marks]

    def show(self, runs: Sequence[Listed], history: History) -> None:
        """Show runs; the cursor stays on its run, if that is still there."""
        before = self.chosen
        self._runs, self._history, self._table = runs, history, None
        names = [run.summary.name for run in runs]
        self.cursor = names.index(before.summary.name) if before and before.summary.name in names else 0
        self.virtual_size = Size(1, len(runs) + 1)
        self.action_move(0)

    def mark(self) -> None:
        """Mark the run under the cursor, or take its mark away; of three the first loses its mark."""
        if self.chosen is not None:
            name = self.chosen.summary.name
            self.marks = [each for each in self.marks if each != name] + [name] * (name not in self.marks)
            self.marks = self.marks[-2:]
            self.action_move(1)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self._runs) - 1, 0))
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)
        self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in sight."""
        self.action_move(pages * max(self.size.height - 2, 1))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a run; a second click opens it."""
        place = event.y - 1 + self.scroll_offset.y
        if event.y and place < len(self._runs):
            self.action_move(place - self.cursor)
            if event.chain > 1:
                self.post_message(self.Opened())

    def render_line(self, y: int) -> Strip:
        """Return the columns' names, or the run at some height."""
        table, place = self._fit(), y - 1 + self.scroll_offset.y
        if table is None:
            text = "no run of this plan is kept" if y == 0 and self._history is not None else ""
            return self._strip([Segment(f"    {text}", self._style("quiet"))])
        if y == 0:
            heading = "  ".join(table.heading.values())
            return self._strip([Segment(f"{'':{_EDGE}}{heading}", self._style("quiet"))])
        if place >= len(table.rows):
            return Strip.blank(self.size.width, self.rich_style)
        return self._row(table, place)

    def _fit(self) -> Table | None:
        """Return the table as wide as there is room."""
        if self._runs and self._history and (self._table is None or self._fitted != self.size.width):
            self._fitted = self.size.width
            self._table = in_columns(self._runs, self._history, self.size.width - _EDGE, time.time())
        return self._table if self._runs else None

    def _row(self, table: Table, place: int) -> Strip:
        run, history = self._runs[place], self._history
        assert history is not None
        at = place == self.cursor
        over = Style(bgcolor=self.get_component_rich_style("run-table--cursor").bgcolor) if at else _PLAIN
        mark = "● " if run.summary.name in self.marks else "  "
        parts = [Segment(f"{'▌' if at else ' '} ", self.rich_style), Segment(mark, self._style("mark"))]
        for name, text in zip(table.heading, table.rows[place], strict=True):
            parts.append(Segment(f"{clean(text)}  ", self._style(_STATES.get(kind(name, run, history), ""))))
        return self._strip([Segment(part.text, (part.style or _PLAIN) + over) for part in parts], over)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"run-table--{name}") if name else self.rich_style

    def _strip(self, parts: list[Segment], over: Style = _PLAIN) -> Strip:
        return Strip(parts).adjust_cell_length(self.size.width, self.rich_style + over)
