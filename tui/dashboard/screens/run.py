"""The main screen: head, timeline and panels."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from tui.dashboard.ansi import clean
from tui.dashboard.run_keys import LOOK_KEYS, RUN_KEYS
from tui.dashboard.widgets.deck import Deck, Tabs
from tui.dashboard.widgets.head import Head
from tui.dashboard.widgets.key_line import KeyLine
from tui.dashboard.widgets.machine_lane import MachineLane
from tui.dashboard.widgets.summary import Summary
from tui.dashboard.widgets.timeline import Timeline
from tui.dashboard.widgets.why_column import WhyColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame, Outlook
    from tui.dashboard.widgets.panel import Panel
    from tui.insight.why import Why
    from tui.run.log.line import LogLines
    from tui.run.standing import Stands


PANEL_KEYS = (
    Binding("z", "zoom", "Zoom", show=False, tooltip="Give the task's panel the whole screen, and back"),
    Binding("escape", "unzoom", show=False),
)
_WIDE = 160  # columns from which there is a why column
_WHY_EVERY = 2.0  # seconds between two looks why
_WHY_PART = 20.0  # times as long as one takes is waited for the next
_LOW = 30  # rows below which a summary has no panels beside it


class RunScreen(Screen[None]):
    """Shows frames.

    Attributes:
        first_keys: The keys that go first in the key line.
    """

    first_keys: ClassVar[tuple[str, ...]] = ()
    AUTO_FOCUS: ClassVar[str] = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [*RUN_KEYS, *PANEL_KEYS]

    def __init__(self, frame: Frame, lines: Callable[[str], LogLines], stands: Callable[[], Stands]) -> None:
        """Show nothing yet.

        Args:
            frame: The first frame to show.
            lines: Gives the last lines of a task.
            stands: Gives what the run leaves behind.
        """
        super().__init__()
        self._lines = lines
        self._stands = stands
        self._finished = False
        self._last = frame
        self._why: Why | None = None
        self._asked: Outlook | None = None
        self._ask_again = 0.0
        self._noted: str | None = None

    def compose(self) -> ComposeResult:
        """Yield the screen's parts, from top to bottom."""
        yield Head()
        yield Static(id="note", markup=False)
        timeline = Timeline()
        yield timeline
        yield MachineLane(timeline)
        yield Summary()
        with Horizontal(id="beside"):
            yield Deck(self._lines)
            yield WhyColumn()
        yield KeyLine(self.first_keys)

    def on_mount(self) -> None:
        """Show the first frame, so that the screen is laid out and painted with it at once."""
        self.show(self._last)

    @property
    def stands(self) -> bool:
        """Whether all its parts are there: neither before it is composed, nor once it goes."""
        return self.is_mounted and self.app.is_running and self in self.app.screen_stack

    def show(self, frame: Frame) -> None:
        """Show a frame."""
        self.query_one(Head).frame = frame
        self.query_one(Timeline).frame = frame
        self.query_one(MachineLane).frame = frame
        self.query_one(Deck).frame = frame
        if frame.finished != self._finished:
            self._finish(frame)
        self._last = frame
        self._look_into(frame)
        self.tell_note()

    def tell_note(self) -> None:
        """Show the line below the head, where it reads different."""
        text = self.note(self._last)
        if text != self._noted:
            self._noted = text
            note = self.query_one("#note", Static)
            note.display = bool(text)
            note.update(text)

    def note(self, frame: Frame) -> str:
        """Return the line below the head: why it takes no commands, or what a rehearsal is."""
        return frame.read_only or _note(frame)

    def forget_why(self) -> None:
        """Forget why the run takes that long: what was found out does not hold any more."""
        self._why = self._asked = None

    def _finish(self, frame: Frame) -> None:
        """Say how the run went; or take that back, where it goes on."""
        self._finished = frame.finished
        self.set_class(frame.finished, "-finished")
        summary = self.query_one(Summary)
        if frame.finished:
            summary.show(frame, self._stands(), alone=self.has_class("-low"))
        else:
            summary.display = False

    def _look_into(self, frame: Frame) -> None:
        """Tell why the run takes that long, where there is room for it or the run has finished."""
        if frame.outlook is not None and (frame.finished or self.has_class("-wide")):
            self._ask_why(frame)
            self._tell_why(frame)

    def _ask_why(self, frame: Frame) -> None:
        """Find out why the run takes that long, on a thread and seldom: it costs as much as many frames."""
        now = time.monotonic()
        if frame.outlook is self._asked or now < self._ask_again:
            return
        self._asked, self._ask_again = frame.outlook, math.inf

        def ask() -> None:
            from tui.insight.why import why_run

            assert frame.outlook is not None
            forecast = frame.outlook.forecast
            why = why_run(frame.state, frame.now, frame.expectation, forecast)
            took = time.monotonic() - now
            self.app.call_from_thread(self._answered, why, max(_WHY_EVERY, took * _WHY_PART))

        # Without an answer, or as one leaves, the screen goes on: the column is not worth its end.
        self.run_worker(ask, thread=True, group="why", exit_on_error=False)

    def _answered(self, why: Why, pause: float) -> None:
        self._why, self._ask_again = why, time.monotonic() + pause
        if self.stands:
            self._tell_why(self._last)

    def _tell_why(self, frame: Frame) -> None:
        self.query_one(WhyColumn).show(frame, self._why, self.task_id)
        if self._why is not None:
            self.query_one(Head).gain = self._why.gain
            self.query_one(Summary).gained(str(self._why.gain or ""))

    def on_resize(self) -> None:
        """Leave the panels out where the summary takes their room; tell why where there is much."""
        self.set_class(self.app.size.height < _LOW, "-low")
        self.set_class(self.app.size.width >= _WIDE, "-wide")
        if self._finished:
            self._finish(self._last)
        self._look_into(self._last)  # of a kept run no other frame may come

    @property
    def task_id(self) -> str:
        """The task under the cursor."""
        return self.query_one(Timeline).cursor

    @property
    def is_chosen(self) -> bool:
        """Whether the user put the cursor there."""
        return self.query_one(Timeline).is_chosen

    def choose(self, task: str) -> None:
        """Put the cursor on a task."""
        self.query_one(Timeline).choose(task)

    def action_zoom(self) -> None:
        """Give the chosen task's panel the whole screen, or take it back; arrows lead to other tasks."""
        self.query_one(Deck).zoomed = self.toggle_class("-zoomed").has_class("-zoomed")

    def action_unzoom(self) -> None:
        """Take the whole screen back from a panel."""
        if self.has_class("-zoomed"):
            self.action_zoom()

    # What happens to widgets

    def on_timeline_moved(self, event: Timeline.Moved) -> None:
        """Show the task's panel."""
        self.query_one(Deck).selected = event.task
        if self.has_class("-wide"):
            self._tell_why(self._last)

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


class LookScreen(RunScreen):
    """Shows frames of a run that takes no commands."""

    BINDINGS: ClassVar[list[BindingType]] = [*LOOK_KEYS]
