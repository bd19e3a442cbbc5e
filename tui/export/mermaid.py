"""A run as a chart of mermaid, which GitHub, GitLab and many editors draw."""

from __future__ import annotations

import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from tui.export.export import Export, Option
from tui.export.text import mermaid
from tui.text import GLYPHS, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export.exported_run import ExportedRun
    from tui.run.attempt_state import AttemptState
    from tui.run.state import TaskState

_HOUR = 3600
_SHORTEST = 0.001  # seconds of a bar, that is none else
_MIDNIGHT = datetime.datetime(2000, 1, 1)


def write(run: ExportedRun, rows: int) -> bytes:
    """Return the chart, a bar for each attempt of the tasks that took longest."""
    ran = [task for task in run.state.tasks.values() if task.attempts]
    chosen = {task.id for task in sorted(ran, key=lambda task: -task.seconds(run.now))[:rows]}
    cut = [f"the {len(chosen)} longest of {len(ran)} tasks"] if len(chosen) < len(ran) else []
    lines = [
        "gantt",
        f"  title {mermaid(' · '.join([run.verdict[1], *cut]))}",
        *(f"  %% {mermaid(remark)}" for remark in run.remarks),
        "  dateFormat YYYY-MM-DD HH:mm:ss.SSS",
        f"  axisFormat {'%H:%M:%S' if run.now >= _HOUR else '%M:%S'}",
        "  todayMarker off",
    ]
    phases = [phase.title for phase in run.started.phases]
    for phase, tasks in groupby((t for t in ran if t.id in chosen), key=lambda task: task.phase):
        lines += [f"  section {mermaid(phases[phase]) or phase + 1}", *_bars(run, tasks)]
    return ("\n".join(lines) + "\n").encode(errors="replace")


def _bars(run: ExportedRun, tasks: Iterator[TaskState]) -> Iterator[str]:
    for task in tasks:
        for attempt in task.attempts:
            start, end = attempt.started, attempt.end(run.now)
            status = attempt.outcome or run.state.tasks[task.id].status
            again = f" attempt {attempt.attempt}" if len(task.attempts) > 1 else ""
            name = f"{GLYPHS[status]} {mermaid(task.title)}{again} {seconds(end - start)}"
            tags = "".join(f"{tag}, " for tag in _tags(run, task, attempt))
            yield f"  {name} :{tags}{_date(start)}, {_date(max(end, start + _SHORTEST))}"


def _date(time: float) -> str:
    """Return a time as if the run had begun at midnight, which is shown the same in all time zones."""
    return (_MIDNIGHT + datetime.timedelta(seconds=time)).isoformat(" ", "milliseconds")


def _tags(run: ExportedRun, task: TaskState, attempt: AttemptState) -> Iterator[str]:
    """Yield mermaid's words for a bar; red is what failed, and what decided the run's end has an edge."""
    if attempt.outcome == "failed":
        yield "crit"
    elif task.id in run.critical:
        yield "active"
    else:
        yield "done"


EXPORT = Export(
    "mmd",
    "mermaid's gantt, for Markdown that draws it",
    write,
    [Option("rows", 100, "The most tasks that are drawn.", least=1)],
)
