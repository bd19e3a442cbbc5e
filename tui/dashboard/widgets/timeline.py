"""The timeline: a row for each phase and task, their attempts as bars on a time axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.ansi import clean
from tui.dashboard.gantt import Cells, Scale, axis, task_row
from tui.insight.hold_text import hold_text
from tui.text import GLYPHS, clock, cut, seconds

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

    from tui.dashboard.frame import Frame
    from tui.run.state import TaskState

_INDENT = 5  # cursor, indent and glyph before a task's title
_TIME = 7
_WIDE = 108  # columns from which a task's note is spelled out
_LONGEST_TITLE = 40
_MOST_ZOOM = 2.0**12
_UNTIL_KNOWN = 60.0  # seconds that the axis shows before the run begins
_NOW_AT = 0.8  # of the axis, where the run is while a zoomed axis follows it


class Row(NamedTuple):
    """A row: a phase's head, or a task."""

    phase: int
    task: str = ""


class _Columns(NamedTuple):
    """Widths of what stands before the bars."""

    title: int
    note: int

    @property
    def bars(self) -> int:
        """Where the bars begin."""
        return _INDENT + self.title + 1 + self.note + _TIME + 2


class Timeline(ScrollView, can_focus=True):
    """Shows phases and tasks on a time axis, with a cursor over tasks.

    The axis fits the run until it is zoomed; then it follows the run until it is scrolled.

    Attributes:
        frame: What is shown.
        cursor: The task under the cursor; empty while there is none.
        zoom: How many times as long as when it fits the axis is.
        left: Time at the left edge of a zoomed axis, or None while it follows the run.
    """

    DEFAULT_CSS = """
    Timeline {
        height: auto;
        overflow-x: hidden;
        & > .timeline--title { text-style: bold; }
        & > .timeline--quiet { color: $foreground 55%; }
        & > .timeline--axis { color: $foreground 50%; }
        & > .timeline--cursor { background: $primary 22%; }
        & > .timeline--phase { color: $foreground; text-style: bold; }
        & > .timeline--running { color: $text-primary; text-style: bold; }
        & > .timeline--succeeded { color: $text-success; }
        & > .timeline--failed { color: $text-error; text-style: bold; }
        & > .timeline--cancelled { color: $text-warning; }
        & > .timeline--waiting { color: $foreground 55%; }
        & > .timeline--skipped { color: $foreground 55%; }
        & > .timeline--bar { color: $primary; }
        & > .timeline--critical { color: $warning; }
        & > .timeline--ended { color: $foreground 50%; }
        & > .timeline--ghost { color: $foreground 30%; }
        & > .timeline--slack { color: $foreground 40%; }
        & > .timeline--now { color: $foreground 30%; }
        & > .timeline--mode { color: $text-accent; }
        & > .timeline--note { color: $text-warning; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"timeline--{name}"
        for name in (
            *("title", "quiet", "axis", "cursor", "phase", *GLYPHS),
            *("bar", "critical", "ended", "ghost", "slack", "now", "mode", "note"),
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
        Binding("left", "pan(-0.25)", "Earlier", show=False),
        Binding("right", "pan(0.25)", "Later", show=False),
    ]

    frame: reactive[Frame | None] = reactive(None, init=False, repaint=False)
    cursor: reactive[str] = reactive("", init=False)
    zoom: reactive[float] = reactive(1.0, init=False)
    left: reactive[float | None] = reactive(None, init=False)

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

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._place: dict[str, int] = {}
        self._titles = 0
        self._moved = False  # by the user: until then the cursor goes where something happens
        self._drawn: tuple[object, ...] = ()
        self._styles: dict[str, Style] = {}

    # What is shown

    def watch_frame(self, old: Frame | None, new: Frame | None) -> None:
        """Lays the rows out anew for another plan, and draws again what looks different."""
        if new is None:
            return
        if old is None or old.phases is not new.phases:
            self._lay_out(new)
        if not self._moved:
            self.cursor = _of_interest(new) or self.cursor
        scale = self.scale
        moving = bool(new.state.running)
        drawn = (
            new.state.version, new.forecast, scale,
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
        self._titles = min(max(titles, default=0), _LONGEST_TITLE)
        self.virtual_size = Size(1, len(self.rows) + 1)
        if self.cursor not in self._place:
            self.cursor = next(iter(self._place), "")
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for the axis, and one for each row."""
        return len(self.rows) + 1

    @property
    def _columns(self) -> _Columns:
        width = self.size.width
        return _Columns(min(self._titles, max(width * 28 // 100, 10)), 11 if width >= _WIDE else 2)

    @property
    def scale(self) -> Scale:
        """The time axis as it is drawn now."""
        columns = max(self.size.width - self._columns.bars - 1, 1)
        frame = self.frame
        if frame is None or frame.state.started is None:
            return Scale.fitting(_UNTIL_KNOWN, columns)
        ends = (task.attempt.finished or frame.now for task in frame.tasks.values() if task.attempt)
        end = frame.forecast.end if frame.forecast else max(ends, default=frame.now)
        fitting = Scale.fitting(max(end, frame.now), columns)
        if self.zoom == 1.0:
            return fitting
        per_column = fitting.per_column / self.zoom
        left = self.left
        if left is None:
            left = frame.now - _NOW_AT * per_column * columns
        return Scale(max(min(left, fitting.end - per_column * columns), 0.0), per_column, columns)

    # Drawing

    def notify_style_update(self) -> None:
        """Forgets colours that the theme has changed."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, kind: str) -> Style:
        if kind not in self._styles:
            self._styles[kind] = (
                self.get_component_rich_style(f"timeline--{kind}") if kind else self.rich_style
            )
        return self._styles[kind]

    def render_line(self, y: int) -> Strip:
        """The axis, or the row at some height."""
        frame, width = self.frame, self.size.width
        place = y - 1 + self.scroll_offset.y
        if frame is None or (y and place >= len(self.rows)):
            return Strip.blank(width, self._style(""))
        if y == 0:
            return self._strip([(" Timeline ", "quiet")], axis(self.scale, frame.state, frame.now))
        row = self.rows[place]
        if not row.task:
            return self._phase_row(frame, row.phase)
        strip = self._task_row(frame, frame.tasks[row.task])
        if row.task != self.cursor:
            return strip
        cursor = Style(bgcolor=self._style("cursor").bgcolor)
        return Strip([Segment(text, (style or cursor) + cursor) for text, style, _ in strip])

    def _strip(self, head: list[tuple[str, str]], cells: Cells | None = None) -> Strip:
        """A row: what stands before the bars, filled up, and the bars."""
        parts = list(head)
        if cells is not None:
            used = sum(cell_len(text) for text, _ in parts)
            fill = "─" if parts[-1][1] == "quiet" and len(parts) == 1 else " "
            parts.append((fill * (self._columns.bars - used), "axis"))
            parts += cells.runs()
        strip = Strip([Segment(text, self._style(kind)) for text, kind in parts if text])
        return strip.adjust_cell_length(self.size.width, self._style(""))

    def _phase_row(self, frame: Frame, index: int) -> Strip:
        phase = frame.phases[index]
        done = sum(frame.tasks[task.id].status == "succeeded" for task in phase.tasks)
        head = [(f" {index + 1} {clean(phase.title)}", "phase"), (f"  {done}/{len(phase.tasks)}", "quiet")]
        return self._strip(head)

    def _task_row(self, frame: Frame, task: TaskState) -> Strip:
        columns = self._columns
        title = set_cell_size(_fit(clean(task.title), columns.title), columns.title)
        mark = "▌" if task.id == self.cursor else " "
        kind = "title" if task.status == "running" else ""
        head = [(f"{mark}  ", ""), (f"{GLYPHS[task.status]} ", task.status), (f"{title} ", kind)]
        cells = task_row(task, frame, self.scale)
        words = "" if task.attempts and task.retry_at is None else _words(frame, task)
        if words:
            return self._held(head, words, cells)
        critical = task.id in frame.critical
        note = _note(task, critical, spelled=columns.note > 2)
        took = task.seconds(frame.now)
        time = clock(took) if task.status == "running" else seconds(took) if task.attempts else ""
        head += [(f"{note:<{columns.note}}", "critical" if critical else "quiet"), (f"{time:>{_TIME}}  ", "")]
        if task.status in {"failed", "cancelled"} and task.attempt:
            _offer_retry(cells, self.scale.at(task.attempt.finished or frame.now))
        return self._strip(head, cells)

    def _held(self, head: list[tuple[str, str]], words: str, cells: Cells) -> Strip:
        """A task that has nothing to show but why it does not run: told as far as the bars leave room."""
        room = self._columns.note + _TIME + 2
        free = next((i for i, kind in enumerate(cells.kinds) if kind in {"ghost", "bar"}), len(cells.kinds))
        text = _fit(words, room + max(free - 1, 0))
        over = cell_len(text) - room
        if over > 0:
            cells.text[:over], cells.kinds[:over] = [], []
        else:
            text = set_cell_size(text, room)
        parts = [*head, (text, "quiet"), *cells.runs()]
        strip = Strip([Segment(text, self._style(kind)) for text, kind in parts if text])
        return strip.adjust_cell_length(self.size.width, self._style(""))

    # Moving about

    def validate_zoom(self, zoom: float) -> float:
        """Keeps the axis from being shorter than the run, or finer than is of use."""
        return min(max(zoom, 1.0), _MOST_ZOOM)

    def watch_cursor(self, _: str, task: str) -> None:
        """Brings the cursor into sight and tells of it."""
        if task in self._place:
            row = self._place[task]
            top = row if self.rows[max(row - 1, 0)].task else row - 1
            self.scroll_to_region(Region(0, top, 1, row - top + 2), animate=False, force=True)
            self.post_message(self.Moved(task))

    def choose(self, task: str) -> None:
        """Puts the cursor on a task, where it stays."""
        self._moved = True
        self.cursor = task

    def action_move(self, by: int) -> None:
        """Moves the cursor by some tasks."""
        tasks = list(self._place)
        self._moved = True
        if tasks:
            at = tasks.index(self.cursor) if self.cursor in self._place else 0
            self.cursor = tasks[min(max(at + by, 0), len(tasks) - 1)]

    def action_zoom(self, by: float) -> None:
        """Zooms about the run's present, or about the middle of what is in sight."""
        old = self.scale
        middle = (old.start + old.end) / 2
        self.zoom *= by
        if self.zoom == 1.0:
            self.left = None
        elif self.left is not None:
            self.left = max(middle - self.scale.per_column * old.columns / 2, 0.0)

    def action_fit(self) -> None:
        """Shows the whole run."""
        self.left, self.zoom = None, 1.0

    def action_pan(self, by: float) -> None:
        """Scrolls a zoomed axis by a part of what is in sight; at its end it follows the run again."""
        if self.zoom == 1.0:
            return
        scale = self.scale
        span = scale.per_column * scale.columns
        self.left = scale.start + by * span
        if by > 0 and self.scale.start < scale.start + by * span * 0.5:
            self.left = None
        else:
            self.left = self.scale.start

    def _task_at(self, y: int) -> str:
        place = y - 1 + self.scroll_offset.y
        return self.rows[place].task if y > 0 and place < len(self.rows) else ""

    def on_click(self, event: events.Click) -> None:
        """Puts the cursor on a task; a second click opens it."""
        if task := self._task_at(event.y):
            self.choose(task)
            if event.chain > 1:
                self.post_message(self.Opened(task))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zooms in with ctrl; else scrolls."""
        self._wheel(event, 2.0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zooms out with ctrl; else scrolls."""
        self._wheel(event, 0.5)

    def _wheel(self, event: events.MouseEvent, by: float) -> None:
        if event.ctrl or event.shift:
            self.action_zoom(by) if event.ctrl else self.action_pan(-0.25 if by > 1 else 0.25)
            event.stop()
            event.prevent_default()


def _fit(text: str, width: int) -> str:
    """A text that has no more than some cells."""
    return cut(text, width) if text.isascii() or cell_len(text) <= width else set_cell_size(text, width)


def _words(frame: Frame, task: TaskState) -> str:
    if frame.state.started is None:
        return ""
    if task.status == "succeeded":
        return "done by an earlier run" if task.kept else "taken as done"
    return "cancelled" if task.status == "cancelled" else clean(hold_text(frame.state, task.id, frame.now))


def _note(task: TaskState, critical: bool, spelled: bool) -> str:
    tries = len(task.attempts)
    if not spelled:
        return ("◆" if critical else " ") + (str(tries) if 1 < tries < 10 else " ")
    attempt = f"attempt {tries}" if tries < 10 else f"try {tries}"  # no wider than its column
    return ("◆ " if critical else "") + (attempt if tries > 1 else "critical" if critical else "")


def _offer_retry(cells: Cells, end: float) -> None:
    """Says behind the bar of what failed which key helps."""
    column = math.ceil(end) + 2
    text = "r retry"
    if cells.is_free(column, column + len(text)):
        cells.write(column, text, "note")


def _of_interest(frame: Frame) -> str:
    """The task to look at: the first that failed, or that decides when the run ends, or that runs."""
    failed = frame.state.with_status("failed")
    running = [task.id for task in frame.state.with_status("running")]
    critical = [id_ for id_ in running if id_ in frame.critical]
    return next(iter([*(task.id for task in failed), *critical, *running]), "")
