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
from tui.dashboard.widgets.summary import Summary
from tui.dashboard.widgets.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame
    from tui.dashboard.widgets.panel import Panel
    from tui.run.log.line import LogLines
    from tui.run.standing import Stands


_LOW = 30  # rows below which a summary has no panels beside it


class RunScreen(Screen[None]):
    """Shows frames."""

    AUTO_FOCUS: ClassVar[str] = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [*RUN_KEYS]

    def __init__(
        self, lines: Callable[[str], LogLines], stands: Callable[[], Stands], read_only: str = ""
    ) -> None:
        """Make an empty one.

        Args:
            lines: Gives the last lines of a task.
            stands: Gives what the run leaves behind.
            read_only: Why the run takes no commands at all, if it takes none.
        """
        super().__init__()
        self._lines = lines
        self._stands = stands
        self._read_only = read_only
        self._finished = False
        self._last: Frame | None = None
        self._noted: str | None = None

    def compose(self) -> ComposeResult:
        """Yield the screen's parts, from top to bottom."""
        yield Head()
        yield Static(id="note", markup=False)
        timeline = Timeline()
        yield timeline
        yield MachineLane(timeline)
        yield Summary()
        yield Deck(self._lines)
        yield KeyLine()

    def show(self, frame: Frame) -> None:
        """Show a frame."""
        self.query_one(Head).frame = frame
        self.query_one(Timeline).frame = frame
        self.query_one(MachineLane).frame = frame
        self.query_one(Deck).frame = frame
        if frame.finished != self._finished:
            self._finish(frame)
        self._last = frame
        text = self._read_only or _note(frame)
        if text != self._noted:
            self._noted = text
            note = self.query_one("#note", Static)
            note.display = bool(text)
            note.update(text)

    def _finish(self, frame: Frame) -> None:
        """Say how the run went; or take that back, where it goes on."""
        self._finished = frame.finished
        self.set_class(frame.finished, "-finished")
        summary = self.query_one(Summary)
        if frame.finished:
            summary.show(frame, self._stands(), alone=self.has_class("-low"))
        else:
            summary.display = False

    def on_resize(self) -> None:
        """Leave the panels out where the summary takes their room."""
        self.set_class(self.app.size.height < _LOW, "-low")
        if self._last is not None and self._finished:
            self._finish(self._last)

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
        """Put the cursor on the panel's task; open its log at a second click, which may hit another panel."""
        if event.twice:
            self.app.call_next(self.run_action, "app.open")
        else:
            self.choose(event.task)

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        """Put the cursor on the tab's task."""
        self.choose(event.task)


def _note(frame: Frame) -> str:
    """Return the line below the head: what a rehearsal is."""
    started = frame.state.started
    return " · ".join(map(clean, started.note.splitlines())) if started is not None else ""
