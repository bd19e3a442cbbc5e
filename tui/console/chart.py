"""A run's tasks as bars on a time axis, in plain text."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from tui.insight.busy_axis import NOT_MEASURED, busiest, cpu_shares, level, not_measured
from tui.insight.cpu_seconds import FULL
from tui.insight.time_axis import Scale, run_scale
from tui.text import AHEAD, GLYPHS, cells, clock, fit, one_line, seconds, tick_step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tui.console.style import Style
    from tui.run.events import Sampled
    from tui.run.state import RunState, TaskState

_BLOCKS = " ▏▎▍▌▋▊▉█"
_BREAK = "⫽"
_LEAST = 10  # columns of bars


def chart(state: RunState, style: Style, width: int, now: float) -> Iterator[str]:
    """Yield a ruler, for each phase its title and for each of its tasks a bar, and how busy the cores were.

    The axis is broken where nothing ran for long, as while somebody thought about a failure.

    Args:
        state: The run.
        style: Colours or none.
        width: Columns of the terminal.
        now: Seconds since the run began, up to which what runs is drawn.
    """
    names = _names((task.title for task in state.tasks.values()), width)
    scale = run_scale(state, max(width - names - 16, _LEAST), now)
    yield " " * (names + 15) + style(_ruler(scale), "dim")
    phases = state.started.phases if state.started else ()
    for number, phase in enumerate(phases, 1):
        yield style(f" {number} {one_line(phase.title)}", "strong")
        for outline in phase.tasks:
            task = state.tasks[outline.id]
            kept = "kept" if task.kept else "not run" if task.is_assumed else ""
            took = seconds(task.seconds(now)) if task.attempts else kept
            mark = style(GLYPHS[task.status], task.status)
            bar = _bar(task, scale, now)
            blank = " " * (len(bar) - len(bar.lstrip()))
            bar = blank + style(bar.lstrip(), task.status)
            yield f"   {mark} {fit(one_line(task.title), names)} {took:>7}  {bar}".rstrip()
    if samples := busiest(state.samples):
        yield f"     {'cores busy':<{names + 8}}  {_cores(samples, scale, style)}"
    elif not_measured(state):
        yield style(f"     {'cores busy':<{names + 8}}  {NOT_MEASURED}", "dim")


def _cores(samples: Sequence[Sampled], scale: Scale, style: Style) -> str:
    """Return how busy the cores were on the time axis; coloured where they were full."""
    shares = cpu_shares(samples, scale) if scale.per_column else []
    return "".join(
        style("".join(level(share) for share in run), "warning" if full else "dim")
        for full, run in groupby(shares, lambda share: share is not None and share >= FULL)
    )


def beside(
    titles: Mapping[str, str],
    measured: Mapping[str, tuple[float, float]],
    predicted: Mapping[str, tuple[float, float]],
    critical: Collection[str],
    style: Style,
    width: int,
) -> Iterator[str]:
    """Yield a ruler, then for each task a line of how it ran and one of how it would.

    Args:
        titles: The tasks' titles by id, in the order in which they are drawn.
        measured: When each ran, in seconds.
        predicted: When each would.
        critical: The tasks that would decide when the run ends; they have a mark.
        style: Colours or none.
        width: Columns of the terminal.
    """
    shown = [id_ for id_ in titles if id_ in measured or id_ in predicted]
    names = _names((titles[id_] for id_ in shown), width)
    end = max((end for _, end in (*measured.values(), *predicted.values())), default=0.0)
    columns = max(width - names - 26, _LEAST)
    scale = Scale(0.0, end / columns, columns, ())
    yield f"{'':>{names + 4}}{'from':>7}{'for':>8}  " + style(_ruler(scale), "dim")
    for id_ in shown:
        mark = style("◆", "warning") if id_ in critical else " "
        yield f"  {mark} {fit(one_line(titles[id_]), names)}" + style(
            _times_and_bar(measured.get(id_), scale), "dim"
        )
        yield f"    {'':<{names}}" + _times_and_bar(predicted.get(id_), scale)


def _names(titles: Iterable[str], width: int) -> int:
    """Return the columns for titles: what the longest takes, and a third of the terminal at most."""
    return min(max((cells(one_line(title)) for title in titles), default=0), width // 3)


def _times_and_bar(times: tuple[float, float] | None, scale: Scale) -> str:
    if times is None:
        return f"{'–':>7}"
    start, end = times
    return f"{clock(start):>7}{seconds(end - start):>8}  {_blocks('', scale.at(start), scale.at(end))}"


def _ruler(scale: Scale) -> str:
    """Return the times above the bars, as many as find room, with a mark where the axis is broken."""
    if not scale.per_column:
        return ""
    marks = ["─"] * scale.columns
    for each in scale.breaks:
        marks[_column(each.start, scale)] = _BREAK
    step = max(tick_step(scale.end, scale.columns), 1.0)  # a clock has no finer marks
    for number in range(math.ceil(scale.end / step)):
        label = clock(scale.time(number * step))
        column = round(number * step / scale.per_column)
        if marks[column : column + len(label)] == ["─"] * len(label):
            marks[column : column + len(label)] = label
    return "".join(marks)


def _column(time: float, scale: Scale) -> int:
    return min(int(scale.at(time)), scale.columns - 1)


def _bar(task: TaskState, scale: Scale, now: float) -> str:
    """Return a task's attempts on the time axis, to an eighth of a column, and what ran ahead of them.

    A failed attempt ends in ✗.
    """
    text = ""
    for ahead in task.prefetches if scale.per_column else ():
        first, stop = int(scale.at(ahead.started)), round(scale.at(ahead.end(now)))
        text = text[:first].ljust(first) + AHEAD * max(stop - first, 1)
    for attempt in task.attempts if scale.per_column else ():
        start, end = scale.at(attempt.started), scale.at(attempt.end(now))
        text = _blocks(text, start, end)
        if attempt.outcome == "failed":
            text = text[:-1] + "✗" if len(text) > int(start) + 1 else text + "✗"
    return text


def _blocks(text: str, start: float, end: float) -> str:
    """Return a line with a bar added to it, from one column to another."""
    text = text.ljust(int(start))
    whole, rest = divmod(max(round((end - int(start)) * 8), 1), 8)
    return text + "█" * whole + (_BLOCKS[rest] if rest else "")
