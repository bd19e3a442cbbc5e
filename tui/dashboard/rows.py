"""The texts of the timeline's rows: before a task's bars, or in place of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit
from tui.dashboard.gantt import axis, task_bars
from tui.insight.hold_text import hold_text
from tui.text import GLYPHS, clock, seconds

if TYPE_CHECKING:
    from tui.dashboard.fit import Part
    from tui.dashboard.frame import Frame
    from tui.dashboard.gantt import Cells
    from tui.insight.time_axis import Scale
    from tui.run.state import TaskState

LONGEST_TITLE = 40
_INDENT = 5  # cursor, indent and glyph before a task's title
_TIME = 8
_BARS = {"ghost", "bar-running", "bar-done", "bar-failed", "bar-ended"}
_WIDE = 108  # columns from which a task's note is spelled out


class Columns(NamedTuple):
    """Widths of the columns before the bars."""

    title: int
    note: int

    @classmethod
    def of(cls, titles: int, width: int) -> Columns:
        """Return the widths for titles of so many cells, in a timeline of some width."""
        return cls(min(titles, max(width * 28 // 100, 10)), 12 if width >= _WIDE else 2)

    @property
    def bars(self) -> int:
        """Where the bars begin."""
        return _INDENT + self.title + 1 + self.note + _TIME + 2


def axis_row(frame: Frame, columns: Columns, scale: Scale) -> list[Part]:
    """Return the row of the time axis."""
    label = " Timeline "
    rule = "─" * (columns.bars - len(label))
    return [(label, "quiet"), (rule, "axis"), *axis(scale, frame.state, frame.now).runs()]


def phase_row(frame: Frame, index: int, width: int) -> list[Part]:
    """Return the row of a phase: its title, and how many of its tasks are done."""
    phase = frame.phases[index]
    done = sum(frame.tasks[task.id].status == "succeeded" for task in phase.tasks)
    count = f"  {done}/{len(phase.tasks)}"
    return [(fit(f" {index + 1} {clean(phase.title)}", width - len(count)), "phase"), (count, "quiet")]


def task_row(
    frame: Frame, task: TaskState, title: str, columns: Columns, scale: Scale, *, chosen: bool
) -> list[Part]:
    """Return the row of a task.

    Args:
        frame: The run.
        task: The task.
        title: Its title, no wider than its column.
        columns: Widths of the columns before the bars.
        scale: The time axis.
        chosen: Whether the cursor is on it.
    """
    kind = "title" if task.status == "running" else ""
    critical = task.id in frame.critical
    head = [
        ("▌" if chosen else " ", ""),
        ("┃ " if critical else "  ", "critical"),
        (f"{GLYPHS[task.status]} ", task.status),
        (f"{set_cell_size(title, columns.title)} ", kind),
    ]
    cells = task_bars(task, frame, scale)
    words = "" if task.attempts and task.retry_at is None else _words(frame, task)
    if words:
        return [*head, *_held(words, cells, columns.note + _TIME + 2)]
    note = _note(task, critical, spelled=columns.note > 2)
    took = task.seconds(frame.now)
    time = clock(took) if task.status == "running" else seconds(took) if task.attempts else ""
    if task.status in {"failed", "cancelled"} and task.attempt and not frame.read_only:
        _offer_retry(cells, scale.at(task.attempt.end(frame.now)))
    return [
        *head,
        (f"{note:<{columns.note}}", "critical" if critical else "quiet"),
        (f"{time:>{_TIME}}  ", ""),
        *cells.runs(),
    ]


def _held(words: str, cells: Cells, room: int) -> list[Part]:
    """Return why a task does not run, cut to the room that its bars leave."""
    free = next((i for i, kind in enumerate(cells.kinds) if kind in _BARS), len(cells.kinds))
    if cell_len(words) >= room + free:
        words = words.removeprefix("waits ")  # what it waits for matters more
    text = fit(words, room + free - 1)
    over = cell_len(text) - room
    if over > 0:
        cells.text[:over], cells.kinds[:over] = [], []
    else:
        text = set_cell_size(text, room)
    return [(text, "quiet"), *cells.runs()]


def _words(frame: Frame, task: TaskState) -> str:
    if frame.state.started is None:
        return ""
    if task.status == "succeeded":
        return "done by an earlier run" if task.kept else "taken as done"
    return "cancelled" if task.status == "cancelled" else clean(hold_text(frame.state, task.id, frame.now))


def _note(task: TaskState, critical: bool, spelled: bool) -> str:
    attempts = len(task.attempts)
    if not spelled:
        return ("◆" if critical else " ") + (str(attempts) if 1 < attempts < 10 else " ")
    attempt = f"attempt {attempts}"
    return ("◆ " if critical else "") + (attempt if attempts > 1 else "critical" if critical else "")


def _offer_retry(cells: Cells, end: float) -> None:
    """Write behind the bar of what failed which key helps."""
    column = math.ceil(end) + 2
    text = "r retry"
    if cells.is_free(column, column + len(text)):
        cells.write(column, text, "quiet")
        cells.write(column, text[0], "key")
