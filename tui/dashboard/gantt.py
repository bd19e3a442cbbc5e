"""The timeline's drawing: attempts, spans, ghosts and slack as cells on a time axis; knows no widget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.run.work_time import time_at_work
from tui.text import AHEAD, GLYPHS, clock, seconds, tick_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.dashboard.frame import Frame
    from tui.insight.forecast import Forecast
    from tui.insight.time_axis import Break, Scale
    from tui.run.attempt_state import AttemptState, SpanState
    from tui.run.events import Outcome
    from tui.run.state import RunState, TaskState
    from tui.run.work_time import Interval

Kind = Literal[
    "",
    "bar-running",
    "bar-done",
    "bar-failed",
    "bar-ended",
    "ghost",
    "slack",
    "now",
    "key",
    "axis",
    "mode",
    "break",
    "quiet",
]
"""What a cell is part of; the timeline gives each kind its colours."""

WORK = "▆"
"""A bar at work; no bar fills its row, so that there is air between bars above one another."""

_WAITS = {"pull": "▂", "schedule": "▂", "start": "▄", "ready": "▄"}
"""Spans: the lower, the more a task waits for others than works itself."""

_GHOST, _SLACK, _NOW, _MODE, _BREAK = "░", "╌", "│", "┆", "⫽"
_KINDS: dict[Outcome | None, Kind] = {"succeeded": "bar-done", "failed": "bar-failed"}


class Cells:
    """A row of cells, painted over one another.

    Attributes:
        text: A character each.
        kinds: What each is part of.
    """

    __slots__ = ("kinds", "text")

    def __init__(self, columns: int) -> None:
        self.text = [" "] * columns
        self.kinds: list[Kind] = [""] * columns

    def put(self, column: int, character: str, kind: Kind) -> None:
        """Paint one cell, if it is in sight."""
        if 0 <= column < len(self.text):
            self.text[column] = character
            self.kinds[column] = kind

    def fill(self, start: int, stop: int, character: str, kind: Kind) -> None:
        """Paint cells from one column up to but not including another."""
        start, stop = max(start, 0), min(stop, len(self.text))
        if start < stop:
            self.text[start:stop] = character * (stop - start)
            self.kinds[start:stop] = [kind] * (stop - start)

    def write(self, column: int, text: str, kind: Kind) -> None:
        """Write a text of characters that are one cell wide."""
        for i, character in enumerate(text, column):
            self.put(i, character, kind)

    def is_free(self, start: int, stop: int) -> bool:
        """Return whether nothing is painted from one column up to another, and all of it is in sight."""
        return start >= 0 and stop <= len(self.text) and not any(self.kinds[start:stop])

    def runs(self) -> Iterator[tuple[str, Kind]]:
        """Yield the cells as texts of one kind each."""
        begin = 0
        for i in range(1, len(self.text) + 1):
            if i == len(self.text) or self.kinds[i] != self.kinds[begin]:
                yield "".join(self.text[begin:i]), self.kinds[begin]
                begin = i


class _Bar(NamedTuple):
    """The columns of a bar: its first, and the one behind its last; it has one at least."""

    first: int
    stop: int

    @classmethod
    def of(cls, start: float, end: float, scale: Scale) -> _Bar:
        first = math.floor(scale.at(start))
        return cls(first, max(round(scale.at(end)), first + 1))


def axis(scale: Scale, state: RunState, now: float) -> Cells:
    """Return the time axis, with marks for changes of the mode, breaks, ticks and the present."""
    cells = Cells(scale.columns)
    _mark_modes(cells, state, scale)
    for each in scale.breaks:
        _write_whole(cells, _column(each, scale), f"{_BREAK}{seconds(each.end - each.start)}", "break")
    _label(cells, scale)
    here = math.floor(scale.at(now))
    if state.started is not None and state.ended_at is None and cells.is_free(here, here + 1):
        cells.put(here, "▼", "now")
    for i in range(scale.columns):
        if cells.is_free(i, i + 1):
            cells.put(i, "─", "axis")
    return cells


def _column(broken: Break, scale: Scale) -> int:
    """Return the column of a break's mark: its middle, as bars reach into those beside it."""
    return math.floor(scale.at((broken.start + broken.end) / 2))


def _mark_modes(cells: Cells, state: RunState, scale: Scale) -> None:
    """Mark where the mode was changed, and name the new mode where there is room before the next mark."""
    changes = {math.floor(scale.at(at)): mode for at, mode in state.modes[1:]}
    for column in changes:
        cells.put(column, "┬", "mode")
    for column, mode in changes.items():
        if cells.is_free(column + 1, column + 2 + len(mode)):
            cells.write(column + 1, mode, "mode")


def _write_whole(cells: Cells, column: int, text: str, kind: Kind) -> None:
    """Write a text if all of it fits, else its first character."""
    if cells.is_free(column, column + len(text) + 1):
        cells.write(column, text, kind)
    elif cells.is_free(column, column + 1):
        cells.put(column, text[0], kind)


def _label(cells: Cells, scale: Scale) -> None:
    """Write the times at regular steps, those in breaks left out."""
    step = tick_step(scale.per_column * scale.columns, scale.columns)
    last = scale.time(scale.end)
    mark = math.ceil(scale.time(scale.start) / step)
    while mark * step < last:
        time = mark * step
        skipped = next((each.end for each in scale.breaks if each.start < time < each.end), None)
        if skipped is not None:
            mark = math.ceil(skipped / step)
            continue
        column = round(scale.at(time))
        label = clock(time) if step >= 1 else f"{time:.1f}s"
        if column < scale.columns and cells.is_free(column, column + len(label)):
            cells.write(column, label, "axis")
        mark += 1


def task_bars(task: TaskState, frame: Frame, scale: Scale) -> Cells:
    """Return a task's bars: its attempts, its forecast and its slack."""
    cells = Cells(scale.columns)
    state, ahead = frame.state, frame.forecast
    if state.started is not None and state.ended_at is None:
        cells.put(math.floor(scale.at(frame.now)), _NOW, "now")
    for at, _ in state.modes[1:]:
        cells.put(math.floor(scale.at(at)), _MODE, "mode")
    if ahead is not None:
        _paint_slack(cells, task, ahead, scale)
        _paint_ghost(cells, task, ahead, scale, frame.now)
    for each in scale.breaks:
        cells.put(_column(each, scale), _BREAK, "break")
    if ahead is not None:
        _label_slack(cells, task, ahead, scale, idle=frame.outlook.idle if frame.outlook else ())
    for ahead_step in task.prefetches:
        kind = "bar-running" if ahead_step.finished is None else _KINDS.get(ahead_step.outcome, "bar-ended")
        cells.fill(*_Bar.of(ahead_step.started, ahead_step.end(frame.now), scale), AHEAD, kind)
    for attempt in task.attempts:
        _paint_attempt(cells, attempt, scale, frame.now)
    return cells


def _paint_attempt(cells: Cells, attempt: AttemptState, scale: Scale, now: float) -> None:
    end = attempt.end(now)
    bar = _Bar.of(attempt.started, end, scale)
    kind = "bar-running" if attempt.finished is None else _KINDS.get(attempt.outcome, "bar-ended")
    cells.fill(*bar, WORK, kind)
    _shade(cells, attempt, bar, kind, scale, end)
    if attempt.outcome in {"failed", "cancelled"}:
        cells.put(bar.stop - 1, GLYPHS[attempt.outcome], kind)


def _shade(cells: Cells, attempt: AttemptState, bar: _Bar, kind: Kind, scale: Scale, end: float) -> None:
    """Lower the columns of a bar during all of which the task waited, by the reason."""
    for span in _waits(attempt):
        first = max(round(scale.at(span.started)), bar.first)
        last = round(scale.at(end if span.finished is None else span.finished))
        cells.fill(first, min(last, bar.stop), _WAITS[span.name], kind)


def _waits(attempt: AttemptState) -> list[SpanState]:
    """Return the spans that are shaded; those that matter most come last, as they are painted over others."""
    order = list(reversed(_WAITS))
    return sorted((s for s in attempt.spans if s.name in _WAITS), key=lambda s: order.index(s.name))


def _paint_ghost(cells: Cells, task: TaskState, ahead: Forecast, scale: Scale, now: float) -> None:
    """Paint the forecast of a task."""
    if task.status not in {"waiting", "running"} or task.id not in ahead.ends:
        return
    start = max(now, ahead.starts[task.id]) if task.status == "waiting" else now
    if ahead.ends[task.id] > start:
        _fill_times(cells, start, ahead.ends[task.id], _GHOST, "ghost", scale)


def _paint_slack(cells: Cells, task: TaskState, ahead: Forecast, scale: Scale) -> None:
    slack, end = ahead.slack.get(task.id, 0.0), ahead.ends.get(task.id)
    is_open = task.status in {"running", "succeeded"}
    if end is None or not task.attempts or not is_open or slack < scale.per_column:
        return
    _fill_times(cells, end, end + slack, _SLACK, "slack", scale)


def _label_slack(
    cells: Cells, task: TaskState, ahead: Forecast, scale: Scale, idle: Sequence[Interval]
) -> None:
    """Write how long the slack is, where that is drawn and has room."""
    slack, end = ahead.slack.get(task.id, 0.0), ahead.ends.get(task.id, 0.0)
    label = f" slack {seconds(time_at_work(end, end + slack, idle))} "
    column = math.ceil(scale.at(end)) + 1
    if cells.kinds[max(column, 0) : column + len(label)] == ["slack"] * len(label):
        cells.write(column, label, "quiet")


def _fill_times(cells: Cells, start: float, end: float, character: str, kind: Kind, scale: Scale) -> None:
    first = math.floor(scale.at(start))
    cells.fill(first, max(math.ceil(scale.at(end)), first + 1), character, kind)
