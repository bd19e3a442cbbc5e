"""The lanes of a race as texts: an axis, and for each run what ran when, who is ahead, and what runs now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit, fit_parts
from tui.dashboard.gantt import Cells, axis
from tui.insight.race import lead
from tui.insight.time_axis import Scale
from tui.run.state import RunState
from tui.text import GLYPHS, clock, is_narrow, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.dashboard.fit import Part
    from tui.dashboard.gantt import Kind
    from tui.insight.race import Racer, Stretch

EDGE = 2
"""Cells that are left free at both sides."""

_KINDS: dict[str | None, Kind] = {"succeeded": "bar-done", "failed": "bar-failed"}
_RULE = "─"  # of the axis, between its labels
_BEGIN = "▏"  # of a bar, or bars beside each other would look like one
_THICKEST = 5  # lines of a bar
_HEAD = 3  # lines of a lane that are no tracks: its name, what runs, and one that is left free


def race_scale(racing: Sequence[Racer], width: int) -> Scale:
    """Return the time axis that the runs share."""
    return Scale.fitting(max((each.end for each in racing), default=0.0), max(width - 2 * EDGE, 1))


def race_rows(racing: Sequence[Racer], at: float, width: int, height: int) -> list[list[Part]]:
    """Return the axis and the lanes.

    Args:
        racing: The runs.
        at: The moment, in seconds since each of them began.
        width: Cells of a row.
        height: How many rows there is room for.
    """
    scale = race_scale(racing, width)
    marks = axis(scale, RunState(), at)
    _mark(marks, math.floor(scale.at(at)))
    rows: list[list[Part]] = [_indented(marks), []]
    room = height - len(rows) - _HEAD * len(racing)
    # Bars are as thick in every lane; where that is one line, each lane has its share of these.
    thick = min(max(room // max(sum(map(_tracks, racing)), 1), 1), _THICKEST)
    most = max(room // max(len(racing), 1), 1)
    for racer in racing:
        tracks = _tracks(racer) if thick > 1 else min(_tracks(racer), most)
        rows += _lane(racing, racer, at, scale, tracks, thick)
    return rows[:height]


def _tracks(racer: Racer) -> int:
    """Return how many bars of a run there are above each other at most."""
    return 1 + max((each.track for each in racer.stretches), default=0)


def _mark(marks: Cells, here: int) -> None:
    """Mark the present on the axis, in place of a label that it would cut."""
    first = stop = min(here, len(marks.text) - 1)
    while first > 0 and marks.text[first] != _RULE:
        first -= 1
    while stop < len(marks.text) and marks.text[stop] != _RULE:
        stop += 1
    marks.fill(first, stop, _RULE, "axis")
    marks.put(here, "▼", "now")


def _lane(
    racing: Sequence[Racer], racer: Racer, at: float, scale: Scale, shown: int, thick: int
) -> list[list[Part]]:
    cells = [Cells(scale.columns) for _ in range(shown * thick)]
    if at < racer.end:
        for row in cells:
            row.put(math.floor(scale.at(at)), "│", "now")
    for stretch in sorted(racer.stretches, key=lambda each: each.track < shown):  # those without room below
        if stretch.start <= at:
            top = min(stretch.track, shown - 1) * thick
            _paint(cells[top : top + thick], racer, stretch, at, scale)
    width = scale.columns
    return [_name(racing, racer, at, width), *map(_indented, cells), _at_work(racer, at, width), []]


def _paint(rows: list[Cells], racer: Racer, stretch: Stretch, at: float, scale: Scale) -> None:
    """Paint a bar with its task's title in it, as far as there is room; there is air below thick ones."""
    rows = rows[:-1] or rows
    runs = at < stretch.end
    kind: Kind = "bar-running" if runs else _KINDS.get(stretch.outcome, "bar-ended")
    first = math.floor(scale.at(stretch.start))
    stop = max(round(scale.at(min(at, stretch.end))), first + 1)
    for cells in rows:
        cells.fill(first, stop, " ", kind)
        if stop - first > 1:
            cells.put(first, _BEGIN, kind)
    title = clean(racer.state.tasks[stretch.task].title)
    mark = f"{GLYPHS[stretch.outcome]} " if not runs and stretch.outcome in {"failed", "cancelled"} else ""
    text = fit(f"{mark}{title}", stop - first - 2)
    if len(text) > 2 and is_narrow(text):
        rows[(len(rows) - 1) // 2].write(first + 1, text, kind)


def _name(racing: Sequence[Racer], racer: Racer, at: float, width: int) -> list[Part]:
    """Return a lane's first line: its name, its run, and how it goes."""
    started = racer.state.started
    where = f"{clean(started.environment)} · {clean(started.where)}" if started is not None else ""
    right = fit_parts(_going(racing, racer, at), width)
    room = max(width - sum(cell_len(text) for text, _ in right) - 2, 0)
    left = fit_parts(
        [(clean(racer.name).upper(), "title"), (f"   run {clean(racer.run)} · {where}", "quiet")], room
    )
    gap = width - sum(cell_len(text) for text, _ in (*left, *right))
    return [(" " * EDGE, ""), *left, (" " * gap, ""), *right]


def _going(racing: Sequence[Racer], racer: Racer, at: float) -> list[Part]:
    if at < racer.end:
        return [(f"{racer.done(at)} of {len(racer.state.tasks)} tasks   ", "quiet"), (clock(at), "title")]
    if racer.finish != "up":
        kind = "failed" if racer.finish == "failed" else "cancelled"
        return [(f"{GLYPHS[kind]} {racer.finish} after {seconds(racer.end)}", kind)]
    ahead = lead(racing, racer, at)
    saved: list[Part] = [] if ahead is None else [(f"   {seconds(ahead)} saved", "saved")]
    return [(f"✓ up in {seconds(racer.end)}", "succeeded"), *saved]


def _at_work(racer: Racer, at: float, width: int) -> list[Part]:
    """Return what runs now, with the step that each is at."""
    names = []
    for stretch in racer.running(at):
        task = racer.state.tasks[stretch.task]
        steps = (step for each in task.attempts if each.started == stretch.start for step in each.steps)
        step = next((clean(step.title) for step in reversed([*steps]) if step.started <= at), "")
        names.append(f"{GLYPHS['running']} {clean(task.title)}" + (f": {step}" if step else ""))
    return [(" " * EDGE, ""), (fit("   ".join(names), width), "quiet")]


def _indented(cells: Cells) -> list[Part]:
    return [(" " * EDGE, ""), *cells.runs()]
