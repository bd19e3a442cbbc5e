"""The deck: the panels, as many as there is room for, laid out as tasks come and go."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.containers import Container, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit
from tui.dashboard.widgets.panel import Panel
from tui.text import GLYPHS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult

    from tui.dashboard.frame import Frame
    from tui.run.log.line import LogLines
    from tui.run.state import TaskState

_PULL_EVERY = 0.05
"""Seconds between two panels' looks at their logs."""

_TAB = 30  # cells of a tab's title
_NARROWEST, _LOWEST = 56, 9
"""Cells that a panel has at least, where there is room for more than one."""


class Grid(NamedTuple):
    """How many panels are beside and above one another."""

    columns: int
    rows: int

    @classmethod
    def fitting(cls, width: int, height: int) -> Grid:
        """Return a grid of as many as find room."""
        return cls(max(width // _NARROWEST, 1), max(height // _LOWEST, 1))

    @property
    def places(self) -> int:
        """How many panels it holds."""
        return self.columns * self.rows

    def shrunk(self, count: int) -> Grid:
        """Return the grid without places that would stay empty; panels are put side by side first."""
        columns = min(self.columns, max(count, 1))
        return Grid(columns, min(self.rows, max(-(-count // columns), 1)))


def chosen(tasks: Mapping[str, TaskState], at_work: list[str], selected: str, places: int) -> list[str]:
    """Return the tasks that have a panel, in plan order.

    Args:
        tasks: All, in plan order.
        at_work: Those that run or failed, which come first; those that finished last follow.
        selected: The one that always has a panel, if it has begun.
        places: How many find room.
    """
    wanted = [selected] if selected in tasks and tasks[selected].attempts else []
    wanted += _around(at_work, selected, places)
    if len(set(wanted)) < places:
        ended = [t for t in reversed(list(tasks.values())) if t.attempts and t.ended is not None]
        wanted += [t.id for t in nlargest(places, ended, key=_ended)]
    kept = set(list(dict.fromkeys(wanted))[:places])
    return [id_ for id_ in tasks if id_ in kept]


def _ended(task: TaskState) -> float:
    return task.ended or 0.0


def _around(ids: list[str], selected: str, places: int) -> list[str]:
    """Return as many tasks as find room: the page that has the selected one."""
    if len(ids) <= places or selected not in ids:
        return ids[:places]
    page = ids.index(selected) // places * places
    return ids[page : page + places]


class Tabs(Widget):
    """A line that names all tasks at work, where not all of them have a panel."""

    DEFAULT_CSS = """
    Tabs {
        height: 1;
        & > .tabs--tab { color: $quiet; }
        & > .tabs--shown { color: $foreground; text-style: bold; }
        & > .tabs--selected { color: $foreground; text-style: bold reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--tab", "tabs--shown", "tabs--selected"}

    class Chosen(Message):
        """A tab was clicked on."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    def __init__(self) -> None:
        super().__init__()
        self._tabs: list[tuple[str, str, str]] = []

    def show(self, tasks: list[TaskState], shown: list[str], selected: str) -> None:
        """Name tasks, marking those that have a panel."""
        tabs = [
            (
                task.id,
                f" {GLYPHS[task.status]} {fit(clean(task.title), _TAB)} ",
                "selected" if task.id == selected else "shown" if task.id in shown else "tab",
            )
            for task in tasks
        ]
        if tabs != self._tabs:
            self._tabs = tabs
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the tabs, from one that keeps the selected one in sight."""
        width, strips = self.size.width, self._strips()
        total, right = 0, 0
        for strip, (_, _, kind) in zip(strips, self._tabs, strict=True):
            total += strip.cell_length
            right = total if kind == "selected" else right
        left = max(right - width, 0)
        return Strip.join(strips).crop_extend(left, left + width, self.rich_style)

    def _strips(self) -> list[Strip]:
        return [
            Strip([Segment(text, self.get_component_rich_style(f"tabs--{kind}") + _meant(id_))])
            for id_, text, kind in self._tabs
        ]

    def on_click(self, event: events.Click) -> None:
        """Tell which tab was clicked on."""
        if task := event.style.meta.get("tab"):
            self.post_message(self.Chosen(task))


def _meant(task: str) -> Style:
    """Return a style that tells a click which task it meant."""
    return Style.from_meta({"tab": task})


class Deck(Vertical):
    """Shows the panels of a frame's tasks."""

    DEFAULT_CSS = """
    Deck {
        height: 1fr;
        & > #panels { layout: grid; grid-gutter: 0 1; height: 1fr; }
    }
    """

    frame: reactive[Frame | None] = reactive(None, repaint=False, init=False)
    selected: reactive[str] = reactive("", init=False)

    def __init__(self, lines: Callable[[str], LogLines]) -> None:
        """Make an empty one.

        Args:
            lines: Gives the last lines of a task.
        """
        super().__init__()
        self._lines = lines
        self._tabs = Tabs()
        self._box = Container(id="panels")
        self._panels: dict[str, Panel] = {}
        self._grid: Grid | None = None
        self._turn = 0

    def on_mount(self) -> None:
        """Begin to pull logs, one panel after the other, so that a key never waits for all of them."""
        self.set_interval(_PULL_EVERY, self._pull_next)

    def _pull_next(self) -> None:
        panels = [panel for panel in self._panels.values() if panel.has_news]
        if panels:
            self._turn = (self._turn + 1) % len(panels)
            panels[self._turn].pull()

    def compose(self) -> ComposeResult:
        """Yield tabs and panels."""
        yield self._tabs
        yield self._box

    def watch_frame(self, _: Frame | None) -> None:
        """Show what has changed."""
        self._show()

    def watch_selected(self, _: str) -> None:
        """Make room for the selected task."""
        self._show()

    def on_resize(self) -> None:
        """Lay the panels out anew."""
        self._show()

    def _show(self) -> None:
        frame = self.frame
        if frame is None or frame.state.started is None or not self.size.area:
            return
        at_work = [t for t in frame.tasks.values() if t.status in {"running", "failed"}]
        room = Grid.fitting(self.size.width, self.size.height)
        self._tabs.display = len(at_work) > room.places
        shown = chosen(frame.tasks, [task.id for task in at_work], self.selected, room.places)
        self._place(shown, room.shrunk(len(shown)))
        if self._tabs.display:
            self._tabs.show(at_work, shown, self.selected)
        for task, panel in self._panels.items():
            panel.show(frame.tasks[task], frame.now, task == self.selected)

    def _place(self, shown: list[str], grid: Grid) -> None:
        """Mount and removes panels so that just those that are to be shown are there, in order."""
        if shown != list(self._panels):
            with self.app.batch_update():
                for task in [task for task in self._panels if task not in shown]:
                    self._panels.pop(task).remove()
                self._panels = {task: self._panels.get(task) or self._mounted(task, shown) for task in shown}
        if grid != self._grid:
            self._grid = grid
            self._box.styles.grid_size_columns = grid.columns
            self._box.styles.grid_size_rows = grid.rows

    def _mounted(self, task: str, shown: list[str]) -> Panel:
        """Mount a task's panel before that of the next task that has one, and return it."""
        panel = Panel(task, self._lines(task))
        later = shown[shown.index(task) + 1 :]
        self._box.mount(panel, before=next((self._panels[t] for t in later if t in self._panels), None))
        return panel
