"""The timeline: a row for each phase and task, their attempts as bars on a time axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit_all
from tui.dashboard.rows import LONGEST_TITLE, Columns, axis_row, phase_row, task_row
from tui.dashboard.window import Window
from tui.insight.time_axis import Scale, breaks
from tui.text import GLYPHS

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

    from tui.dashboard.fit import Part
    from tui.dashboard.frame import Frame
    from tui.run.state import TaskState
    from tui.run.work_time import Interval

_UNTIL_KNOWN = 60.0  # seconds that the axis shows before the run begins
_PLAIN = Style.null()


class Row(NamedTuple):
    """A row: a phase's head, or a task."""

    phase: int
    task: str = ""


class Known(NamedTuple):
    """What is known of all of a run, to which its axis reaches from the beginning.

    Attributes:
        end: When it ended, in seconds since it began.
        idle: When nothing ran.
    """

    end: float
    idle: tuple[Interval, ...]


class Timeline(ScrollView, can_focus=True):
    """Shows phases and tasks on a time axis, with a cursor over tasks.

    The axis fits the run until it is zoomed; then it follows the run until it is scrolled.

    Attributes:
        frame: What is shown.
        cursor: The task under the cursor; empty while there is none.
        window: The part of the time axis that is in sight.
        known: What is known of all of the run, where it is over.
    """

    DEFAULT_CSS = """
    Timeline {
        height: auto;
        overflow-x: hidden;
        & > .timeline--title { text-style: bold; }
        & > .timeline--quiet { color: $quiet; }
        & > .timeline--axis { color: $quiet; }
        & > .timeline--cursor { background: $cursor; }
        & > .timeline--phase { color: $foreground; text-style: bold; }
        & > .timeline--running { color: $running; text-style: bold; }
        & > .timeline--succeeded { color: $done; }
        & > .timeline--failed { color: $failed; text-style: bold; }
        & > .timeline--cancelled { color: $quiet; }
        & > .timeline--waiting { color: $quiet; }
        & > .timeline--skipped { color: $quiet; }
        & > .timeline--critical { color: $critical; text-style: bold; }
        & > .timeline--bar-running { color: $bar-running; }
        & > .timeline--bar-done { color: $bar-done; }
        & > .timeline--bar-failed { color: $bar-failed; }
        & > .timeline--bar-ended { color: $bar-ended; }
        & > .timeline--ghost { color: $faint; }
        & > .timeline--slack { color: $faint; }
        & > .timeline--now { color: $faint; }
        & > .timeline--break { color: $quiet; }
        & > .timeline--mode { color: $foreground; text-style: bold; }
        & > .timeline--key { color: $key; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"timeline--{name}"
        for name in (
            *("title", "quiet", "axis", "cursor", "phase", *GLYPHS),
            *("bar-running", "bar-done", "bar-failed", "bar-ended", "critical"),
            *("ghost", "slack", "now", "mode", "key", "break"),
        )
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Task above", show=False),
        Binding("down,j", "move(1)", "Task below", show=False),
        Binding("pageup", "move(-10)", "Ten tasks up", show=False),
        Binding("pagedown", "move(10)", "Ten tasks down", show=False),
        Binding("home,g", "move(-1000000)", "First task", show=False),
        Binding("end,G", "move(1000000)", "Last task", show=False),
        Binding("plus,equals_sign", "zoom(2)", "Zoom the time axis in", show=False),
        Binding("minus", "zoom(0.5)", "Zoom the time axis out", show=False),
        Binding("0", "fit", "Fit the time axis", show=False),
        Binding("left,shift+left", "pan(-0.25)", "Earlier", show=False),
        Binding("right,shift+right", "pan(0.25)", "Later", show=False),
    ]

    frame: reactive[Frame | None] = reactive(None, init=False, repaint=False)
    cursor: reactive[str] = reactive("", init=False)
    window: reactive[Window] = reactive(Window(), init=False)

    class Moved(Message):
        """The cursor has moved to another task."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    class Opened(Message):
        """A task was chosen, to be looked at closely."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    class Sought(Message):
        """The time axis was clicked on.

        Attributes:
            moment: Where, in seconds since the run began.
        """

        def __init__(self, moment: float) -> None:
            super().__init__()
            self.moment = moment

    def __init__(self) -> None:
        super().__init__()
        self.known: Known | None = None
        self.rows: list[Row] = []
        self._place: dict[str, int] = {}
        self._titles = 0  # cells of the widest
        self._cut: tuple[int, dict[str, str]] = (0, {})  # titles, cut to so many cells
        self._moved = False  # by the user: until then the cursor goes where something happens
        self._drawn: tuple[object, ...] = ()
        self._styles: dict[str, Style] = {}

    # What is shown

    def watch_frame(self, old: Frame | None, new: Frame | None) -> None:
        """Lay the rows out anew for another plan, and draws again what looks different."""
        if new is None:
            return
        if old is None or old.phases is not new.phases:
            self._lay_out(new)
        if not self._moved:
            self.cursor = _of_interest(new) or self.cursor
        scale = self.scale
        moving = bool(new.state.running)
        drawn = (
            new.state.version, new.outlook, scale,
            math.floor(scale.at(new.now) * 8) if moving else None, int(new.now) if moving else None,
        )  # fmt: skip
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def _lay_out(self, frame: Frame) -> None:
        self.rows = [
            row
            for i, phase in enumerate(frame.phases)
            for row in (Row(i), *(Row(i, task.id) for task in phase.tasks))
        ]
        self._place = {row.task: i for i, row in enumerate(self.rows) if row.task}
        titles = (cell_len(clean(task.title)) for phase in frame.phases for task in phase.tasks)
        self._titles = min(max(titles, default=0), LONGEST_TITLE)
        self._cut = (0, {})
        self.virtual_size = Size(1, len(self.rows) + 1)
        if self.cursor not in self._place:
            self.cursor = next(iter(self._place), "")
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return a line for the axis, and one for each row."""
        return len(self.rows) + 1

    @property
    def columns(self) -> Columns:
        """Widths of the columns before the bars."""
        return Columns.of(self._titles, self.size.width)

    def _title(self, frame: Frame, task: TaskState) -> str:
        """Return a task's title, cut so that it differs from those of others."""
        cells, cut = self._cut
        if cells != self.columns.title or not cut:
            cells = self.columns.title
            cut = fit_all((clean(each.title) for phase in frame.phases for each in phase.tasks), cells)
            self._cut = cells, cut
        return cut[clean(task.title)]

    @property
    def scale(self) -> Scale:
        """The time axis as it is drawn now."""
        return self.window.scale(self._whole, self._now)

    @property
    def _now(self) -> float:
        return self.frame.now if self.frame is not None else 0.0

    @property
    def _whole(self) -> Scale:
        """The time axis from the run's begin to its end."""
        columns = max(self.size.width - self.columns.bars - 1, 1)
        if self.known is not None:
            return Scale.fitting(self.known.end, columns, breaks(self.known.idle, self.known.end))
        outlook = self.frame.outlook if self.frame is not None else None
        if outlook is None:
            return Scale.fitting(_UNTIL_KNOWN, columns)
        end = max(outlook.forecast.end, self._now)
        return Scale.fitting(end, columns, breaks(outlook.idle, end))

    # Drawing

    def notify_style_update(self) -> None:
        """Forget colours that the theme has changed."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, kind: str) -> Style:
        if kind not in self._styles:
            self._styles[kind] = (
                self.get_component_rich_style(f"timeline--{kind}") if kind else self.rich_style
            )
        return self._styles[kind]

    def render_line(self, y: int) -> Strip:
        """Return the axis, or the row at some height."""
        frame, width = self.frame, self.size.width
        place = y - 1 + self.scroll_offset.y
        if frame is None or (y and place >= len(self.rows)):
            return Strip.blank(width, self._style(""))
        if y == 0:
            return self._strip(axis_row(frame, self.columns, self.scale))
        row = self.rows[place]
        if not row.task:
            return self._strip(phase_row(frame, row.phase, width))
        task, chosen = frame.tasks[row.task], row.task == self.cursor
        parts = task_row(frame, task, self._title(frame, task), self.columns, self.scale, chosen=chosen)
        return self._strip(parts, Style(bgcolor=self._style("cursor").bgcolor) if chosen else _PLAIN)

    def _strip(self, parts: list[Part], over: Style = _PLAIN) -> Strip:
        strip = Strip([Segment(text, self._style(kind) + over) for text, kind in parts if text])
        return strip.adjust_cell_length(self.size.width, self._style("") + over)

    # Moving about

    def watch_cursor(self, _: str, task: str) -> None:
        """Scroll to the cursor and post that it has moved."""
        if task in self._place:
            row = self._place[task]
            top = row if self.rows[max(row - 1, 0)].task else row - 1
            self.scroll_to_region(Region(0, top, 1, row - top + 2), animate=False, force=True)
            self.post_message(self.Moved(task))

    @property
    def is_chosen(self) -> bool:
        """Whether the cursor is where the user put it."""
        return self._moved

    def choose(self, task: str) -> None:
        """Put the cursor on a task, where it stays."""
        self._moved = True
        self.cursor = task

    def action_move(self, by: int) -> None:
        """Move the cursor by some tasks."""
        tasks = list(self._place)
        self._moved = True
        if tasks:
            at = tasks.index(self.cursor) if self.cursor in self._place else 0
            self.cursor = tasks[min(max(at + by, 0), len(tasks) - 1)]

    def action_zoom(self, by: float) -> None:
        """Zoom about the run's present, or about the middle of the visible part."""
        self.window = self.window.zoomed(by, self._whole, self._now)

    def action_fit(self) -> None:
        """Show the whole run."""
        self.window = Window()

    def action_pan(self, by: float) -> None:
        """Move a zoomed axis by a part of its visible length; at its end it follows the run again."""
        self.window = self.window.panned(by, self._whole, self._now)

    def _task_at(self, y: int) -> str:
        place = y - 1 + self.scroll_offset.y
        return self.rows[place].task if y > 0 and place < len(self.rows) else ""

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a task; a second click opens it. Tell where the time axis was clicked on."""
        column = event.x - self.columns.bars
        if event.y == 0 and column >= 0:
            scale = self.scale
            self.post_message(self.Sought(scale.time(scale.start + column * scale.per_column)))
        if task := self._task_at(event.y):
            self.choose(task)
            if event.chain > 1:
                self.post_message(self.Opened(task))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in with ctrl; else scrolls."""
        self._wheel(event, 2.0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out with ctrl; else scrolls."""
        self._wheel(event, 0.5)

    def _wheel(self, event: events.MouseEvent, by: float) -> None:
        if event.ctrl or event.shift:
            self.action_zoom(by) if event.ctrl else self.action_pan(-0.25 if by > 1 else 0.25)
            event.stop()
            event.prevent_default()


def _of_interest(frame: Frame) -> str:
    """Return the task to look at: the first that failed, or is critical, or runs."""
    failed = frame.state.with_status("failed")
    running = [task.id for task in frame.state.with_status("running")]
    critical = [id_ for id_ in running if id_ in frame.critical]
    return next(iter([*(task.id for task in failed), *critical, *running]), "")
