"""The steps of a run as a table, a bar each, the one that would save the run the most first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.binding import BindingType

    from tui.dashboard.fit import Part
    from tui.insight.why import RankedStep, Why

_FIGURE = 8
_WIDE = 110  # columns from which the step's task has a column
_BARS = 0.3  # of the width, at least
_LEGENDS = ("█ the run would save that  ░ it would not", "█ saved  ░ not", "█ saved", "")
_WORTH_SAYING = 0.05  # seconds
_PLAIN = Style.null()

Key = tuple[str, int]
"""A step: its task and its place."""


class StepTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows steps with a cursor over them."""

    DEFAULT_CSS = """
    StepTable {
        height: auto;
        overflow-x: hidden;
        & > .step-table--quiet { color: $quiet; }
        & > .step-table--cursor { background: $cursor; }
        & > .step-table--critical { color: $critical; text-style: bold; }
        & > .step-table--saved { color: $bar; }
        & > .step-table--rest { color: $faint; }
        & > .step-table--title { text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"step-table--{name}" for name in ("quiet", "cursor", "critical", "saved", "rest", "title")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "screen.move(-10)", "Ten steps up", show=False),
        Binding("pagedown", "screen.move(10)", "Ten steps down", show=False),
        Binding("home,g", "screen.move(-1000000)", "First step", show=False),
        Binding("end,G", "screen.move(1000000)", "Last step", show=False),
    ]

    class Chosen(Message):
        """A step was clicked on, once or twice."""

        def __init__(self, key: Key, twice: bool) -> None:
            super().__init__()
            self.key = key
            self.twice = twice

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[RankedStep, ...] = ()
        self._titles: Mapping[str, str] = {}
        self.cursor = 0

    def show(self, why: Why, titles: Mapping[str, str], cursor: int) -> None:
        """Show an answer's steps.

        Args:
            why: The answer.
            titles: The tasks' titles, by id.
            cursor: The step under the cursor.
        """
        self._steps, self._titles, self.cursor = why.steps, titles, cursor
        self.virtual_size = Size(1, len(self._steps) + 1)
        self.scroll_to_region(Region(0, cursor, 1, 2), animate=False, force=True)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return a line for the columns' titles, and one for each step."""
        return len(self._steps) + 1

    def render_line(self, y: int) -> Strip:
        """Return the columns' titles, or the step at some height."""
        place = y - 1 + self.scroll_offset.y
        if y == 0:
            return self._strip(self._head())
        if place >= len(self._steps):
            return Strip.blank(self.size.width, self.rich_style)
        chosen = place == self.cursor
        over = (
            Style(bgcolor=self.get_component_rich_style("step-table--cursor").bgcolor) if chosen else _PLAIN
        )
        return self._strip(self._row(self._steps[place], chosen), over)

    def _strip(self, parts: list[Part], over: Style = _PLAIN) -> Strip:
        segments = [
            Segment(
                text,
                (self.get_component_rich_style(f"step-table--{kind}") if kind else self.rich_style) + over,
            )
            for text, kind in parts
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style + over)

    def _widths(self) -> tuple[int, int, int]:
        """Return the cells of the step's title, of the task's, and of the bar."""
        room = self.size.width - 3 - 2 * _FIGURE - 2
        bar = max(int(room * _BARS), 6)
        titles = room - bar
        if self.size.width < _WIDE:
            return min(titles, 44), 0, room - min(titles, 44)
        step, task = min(titles * 3 // 5, 44), min(titles * 2 // 5, 30)
        return step, task, room - step - task

    def _head(self) -> list[Part]:
        step, task, bar = self._widths()
        names = set_cell_size("Step", step) + set_cell_size("Task", task)
        legend = next(text for text in _LEGENDS if len(text) <= bar or not text)
        return [(f"   {names}{'time':>{_FIGURE}}{'saves':>{_FIGURE}}  {legend}", "quiet")]

    def _row(self, step: RankedStep, chosen: bool) -> list[Part]:
        title_cells, task_cells, bar_cells = self._widths()
        cost = step.cost
        task = clean(self._titles.get(cost.task, cost.task))
        title = clean(cost.title) if task_cells else f"{clean(cost.title)} · {task}"
        whole = step.savings.whole if step.savings else 0.0
        longest = max(each.cost.whole for each in self._steps) or 1.0
        length = max(round(cost.whole / longest * bar_cells), 1)
        saved = min(max(round(whole / longest * bar_cells), int(whole >= _WORTH_SAYING)), bar_cells)
        return [
            ("▌" if chosen else " ", ""),
            ("┃ " if step.critical else "  ", "critical"),
            (set_cell_size(fit(title, title_cells - 1), title_cells), "title" if chosen else ""),
            (set_cell_size(fit(task, max(task_cells - 1, 0)), task_cells), "quiet"),
            (f"{seconds(cost.whole):>{_FIGURE}}", ""),
            (f"{seconds(whole) if whole >= _WORTH_SAYING else '–':>{_FIGURE}}  ", ""),
            ("█" * saved, "saved"),
            ("░" * max(length - saved, 0), "rest"),
        ]

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a step; a second click opens its log."""
        place = event.y - 1 + self.scroll_offset.y
        if event.y and 0 <= place < len(self._steps):
            cost = self._steps[place].cost
            self.post_message(self.Chosen((cost.task, cost.step), event.chain > 1))
