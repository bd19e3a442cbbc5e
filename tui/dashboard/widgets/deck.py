"""The deck: the panels, as many as there is room for, laid out as tasks come and go."""

from __future__ import annotations

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
from tui.text import GLYPHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.panel import Panel
    from tui.run.log.line import LogLines
    from tui.run.state import TaskState

_SETTLES = 0.08
"""Seconds for which the cursor rests on a task before that gets the main panel: its row answers first."""

_PULL_EVERY = 0.05
"""Seconds between two panels' looks at their logs."""

_TAB = 30  # cells of a tab's title
_WIDE = 112  # columns from which panels stand beside the main one
_MAIN, _LOWEST = 10, 6
"""Rows that the main panel and the others have at least, where there is room for more than one."""


class Grid(NamedTuple):
    """Where panels find room: beside the main one or below it."""

    beside: bool
    others: int

    @classmethod
    def fitting(cls, width: int, height: int) -> Grid:
        """Return a grid of as many as find room."""
        if width >= _WIDE:
            return cls(beside=True, others=max(height // _LOWEST, 1))
        return cls(beside=False, others=max((height - _MAIN) // _LOWEST, 0))

    @property
    def places(self) -> int:
        """How many panels it holds."""
        return self.others + 1


def chosen(frame: Frame, at_work: list[str], selected: str, places: int) -> list[str]:
    """Return the tasks that have a panel: the main one first, then others in plan order.

    Args:
        frame: The run.
        at_work: Its tasks that run or failed, in plan order.
        selected: The task under the cursor, which has the main one; without it, a critical one.
        places: How many find room.
    """
    first = sorted(at_work, key=lambda id_: id_ not in frame.critical)
    main = selected if selected in frame.tasks else next(iter(first), "")
    if not main:
        return []
    kept = set([id_ for id_ in first if id_ != main][: places - 1])
    return [main, *(id_ for id_ in at_work if id_ in kept)]


def _at_work(frame: Frame) -> list[str]:
    return [task.id for task in frame.tasks.values() if task.status in {"running", "failed"}]


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
        & > #panels { layout: grid; grid-gutter: 0; height: 1fr; }
    }
    """

    frame: reactive[Frame | None] = reactive(None, repaint=False, init=False)
    selected: reactive[str] = reactive("", init=False)
    zoomed: reactive[bool] = reactive(False, init=False)

    def __init__(self, lines: Callable[[str], LogLines]) -> None:
        """Make an empty one.

        Args:
            lines: Gives the last lines of a task.
        """
        super().__init__()
        self._lines = lines
        self._tabs = Tabs()
        self._box = Container(id="panels")
        self._panels: list[Panel] = []
        self._placed = (0, False)
        self._turn = 0
        self._main = ""  # the selected task, once the cursor has come to rest
        self._settling: Timer | None = None

    @property
    def panels(self) -> dict[str, Panel]:
        """The panels by the tasks that they show, the main one first."""
        return {panel.task_id: panel for panel in self._panels}

    def on_mount(self) -> None:
        """Begin to pull logs, one panel after the other, so that a key never waits for all of them."""
        self.set_interval(_PULL_EVERY, self._pull_next)

    def _pull_next(self) -> None:
        panels = [panel for panel in self._panels if panel.has_news]
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
        """Make room for the selected task, once the cursor rests there."""
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
        if self._main:
            self._settling = self.set_timer(_SETTLES, self._settle)
        else:
            self._settle()

    @property
    def is_settled(self) -> bool:
        """Whether the main panel shows the selected task."""
        return self._settling is None

    def _settle(self) -> None:
        self._settling = None
        self._main = self.selected
        self._show()

    def watch_zoomed(self, _: bool) -> None:
        """Show the selected task alone, or the others again."""
        self._show()

    def on_resize(self) -> None:
        """Lay the panels out anew."""
        self._show()

    def _show(self) -> None:
        frame = self.frame
        if frame is None or frame.state.started is None or not self.size.area:
            return
        at_work = _at_work(frame)
        room = Grid(False, 0) if self.zoomed else Grid.fitting(self.size.width, self.size.height)
        shown = chosen(frame, at_work, self._main or self.selected, room.places)
        self._tabs.display = not set(at_work) <= set(shown)
        self._place(len(shown), room.beside and len(shown) > 1)
        if self._tabs.display:
            self._tabs.show([frame.tasks[id_] for id_ in at_work], shown, self.selected)
        for i, (id_, panel) in enumerate(zip(shown, self._panels, strict=True)):
            panel.show(frame, id_, main=i == 0)

    def _place(self, count: int, beside: bool) -> None:
        """Have so many panels; the main one has the room that the others leave."""
        if (count, beside) == self._placed:
            return
        from tui.dashboard.widgets.panel import Panel  # after the first frame, which has none

        self._placed = count, beside
        with self.app.batch_update():
            while len(self._panels) > count:
                self._panels.pop().remove()
            new = [Panel(self._lines) for _ in range(count - len(self._panels))]
            self._panels += new
            self._box.mount_all(new)
            others, styles = count - 1, self._box.styles
            styles.grid_size_columns = 2 if beside else 1
            styles.grid_size_rows = others if beside else count
            styles.grid_columns = "3fr 2fr" if beside else "1fr"
            styles.grid_rows = "1fr" if beside or not others else "2fr" + " 1fr" * others
            for i, panel in enumerate(self._panels):
                panel.styles.row_span = others if beside and i == 0 else 1
