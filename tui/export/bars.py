"""What pictures of a run have in common: colours, the marks of the time axis, what a bar says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.export.text import markup
from tui.text import clock, seconds, tick_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export.exported_run import ExportedRun
    from tui.insight.time_axis import Scale
    from tui.run.attempt_state import AttemptState
    from tui.run.prefetches import PrefetchState
    from tui.run.state import TaskState

LIGHT = {
    "page": "#ffffff", "text": "#1f2328", "dim": "#59636e", "line": "#d8dee4", "soft": "#f4f6f8",
    "accent": "#0b62d6", "succeeded": "#5fa777", "running": "#2f81f7", "failed": "#d1242f",
    "cancelled": "#bf8700", "cut-off": "#8c959f", "skipped": "#c5ccd3", "waiting": "#c5ccd3",
}  # fmt: skip
DARK = {
    "page": "#14181d", "text": "#e6edf3", "dim": "#9aa5b1", "line": "#30373f", "soft": "#1c2229",
    "accent": "#6cb0ff", "succeeded": "#3f8f5c", "running": "#4c9dff", "failed": "#f0524f",
    "cancelled": "#d29922", "cut-off": "#7d8792", "skipped": "#454d56", "waiting": "#454d56",
}  # fmt: skip
"""Colours by name; those of states are the states'."""

_MOST_STEPS = 12  # that a bar tells of


def ticks(scale: Scale, apart: int) -> Iterator[tuple[float, str]]:
    """Yield the place and the text of each mark of a time axis.

    Args:
        scale: The axis.
        apart: Columns that two marks are apart at least.
    """
    if not scale.per_column:
        return
    step = tick_step(scale.end, round(scale.columns), apart)
    for number in range(math.floor(scale.end / step) + 1):
        time = scale.time(number * step)
        yield number * step / scale.per_column, clock(time) if step >= 1 else f"{time:.1f}s"


def ahead_tip(run: ExportedRun, ahead: PrefetchState) -> str:
    """Return what the bar of a step says that ran ahead of its place, as markup."""
    end = ahead.end(run.now)
    lines = [
        f"{ahead.title}: ran ahead of its place",
        f"{clock(ahead.started)} – {clock(end)}, {seconds(end - ahead.started)}",
        *([ahead.note] if ahead.note else []),
    ]
    return "&#10;".join(markup(line) for line in lines)


def tip(run: ExportedRun, task: TaskState, attempt: AttemptState) -> str:
    """Return what a bar says when it is pointed at, a line each, as markup."""
    end = attempt.end(run.now)
    again = f", attempt {attempt.attempt}" if len(task.attempts) > 1 else ""
    lines = [
        f"{task.title}{again}: {attempt.outcome or run.word(task)}",
        f"{clock(attempt.started)} – {clock(end)}, {seconds(end - attempt.started)}",
    ]
    if task.id in run.critical:
        lines.append("decides when the run ends")
    lines += [
        f"{seconds(run.ended(step, attempt) - step.started):>6}  {step.title}"
        for step in attempt.steps[:_MOST_STEPS]
    ]
    if len(attempt.steps) > _MOST_STEPS:
        lines.append(f"and {len(attempt.steps) - _MOST_STEPS} more steps")
    if attempt.failure:
        lines.append(f"✗ {attempt.failure.cause}")
    return "&#10;".join(markup(line) for line in lines)
