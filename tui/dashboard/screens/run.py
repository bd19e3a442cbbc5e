"""The main screen: head, timeline and panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.run_keys import RUN_KEYS
from tui.dashboard.widgets.deck import Deck, Tabs
from tui.dashboard.widgets.head import Head
from tui.dashboard.widgets.key_line import KeyLine
from tui.dashboard.widgets.machine_lane import MachineLane
from tui.dashboard.widgets.timeline import Timeline
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.panel import Panel
    from tui.run.log.line import LogLines


class RunScreen(Screen[None]):
    """Shows frames."""

    AUTO_FOCUS: ClassVar[str] = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [*RUN_KEYS]

    def __init__(self, lines: Callable[[str], LogLines], read_only: str = "") -> None:
        """Make an empty one.

        Args:
            lines: Gives the last lines of a task.
            read_only: Why the run takes no commands at all, if it takes none.
        """
        super().__init__()
        self._lines = lines
        self._read_only = read_only
        self._noted: str | None = None

    def compose(self) -> ComposeResult:
        """Yield the screen's parts, from top to bottom."""
        yield Head()
        yield Static(id="note", markup=False)
        timeline = Timeline()
        yield timeline
        yield MachineLane(timeline)
        yield Deck(self._lines)
        yield KeyLine()

    def show(self, frame: Frame) -> None:
        """Show a frame."""
        self.query_one(Head).frame = frame
        self.query_one(Timeline).frame = frame
        self.query_one(MachineLane).frame = frame
        self.query_one(Deck).frame = frame
        text = self._read_only or _note(frame)
        if text != self._noted:
            self._noted = text
            note = self.query_one("#note", Static)
            note.display = bool(text)
            note.update(text)

    @property
    def task_id(self) -> str:
        """The task under the cursor."""
        return self.query_one(Timeline).cursor

    def choose(self, task: str) -> None:
        """Put the cursor on a task."""
        self.query_one(Timeline).choose(task)

    # What happens to widgets

    def on_timeline_moved(self, event: Timeline.Moved) -> None:
        """Show the task's panel."""
        self.query_one(Deck).selected = event.task

    def on_timeline_opened(self, _: Timeline.Opened) -> None:
        """Open the task's log."""
        self.app.call_next(self.run_action, "app.open")

    def on_panel_chosen(self, event: Panel.Chosen) -> None:
        """Put the cursor on the panel's task, or opens its log."""
        self.choose(event.task)
        if event.twice:
            self.app.call_next(self.run_action, "app.open")

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        """Put the cursor on the tab's task."""
        self.choose(event.task)


def _note(frame: Frame) -> str:
    """Return the line below the head: that it is a rehearsal, and once all has finished, how to go on."""
    state = frame.state
    if state.started is None:
        return ""
    if not frame.finished:
        return " · ".join(map(clean, state.started.note.splitlines()))
    again = state.with_status("failed", "cancelled")
    if again:
        return "r retries the task, R all that failed, f starts again from it; q leaves, with a report"
    took = seconds(frame.worked)
    if state.assumed:
        part = f"{len(state.tasks) - len(state.assumed)} of {len(state.tasks)} tasks run in {took}"
        return f"{part}; q leaves, with a report"
    if state.started.environment == "rehearsal":
        return f"rehearsed in {took}: nothing was created; q leaves, with a report"
    return f"up in {took}, and it stays up; q leaves, with a report"
