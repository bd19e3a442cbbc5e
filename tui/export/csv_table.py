"""A run as a table: a row for each task, attempt, step and span, and for what ran ahead of its place."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from tui.export.export import Export
from tui.export.text import cell
from tui.insight.cpu_seconds import CpuSeconds, Place, cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export.exported_run import ExportedRun
    from tui.run.attempt_state import AttemptState
    from tui.run.state import TaskState

COLUMNS = (
    "level", "run", "phase", "task", "title", "attempt", "step", "kind", "subject", "host",
    "start", "end", "seconds", "outcome", "critical", "cpu_seconds", "needs", "note",
)  # fmt: skip

Row = dict[str, object]


def write(run: ExportedRun) -> bytes:
    """Return the table; times are in seconds since the run began."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in _rows(run):
        writer.writerow(
            {name: cell(value) if isinstance(value, str) else value for name, value in row.items()}
        )
    return out.getvalue().encode(errors="replace")


def _rows(run: ExportedRun) -> Iterator[Row]:
    cpu = cpu_seconds(run.state)
    phases = [phase.title for phase in run.started.phases]
    for task in run.state.tasks.values():
        common = {"run": run.started.run, "phase": phases[task.phase], "task": task.id, "host": task.host}
        times = _times(task.attempts[0].started, task.attempts[-1].end(run.now)) if task.attempts else {}
        yield {
            **common, **times, "level": "task", "title": task.title,
            "seconds": _rounded(task.seconds(run.now)), "outcome": run.word(task),
            "critical": int(task.id in run.critical), "needs": " ".join(task.needs),
            "note": " ".join(run.remarks),
        }  # fmt: skip
        for ahead in task.prefetches:
            yield {
                **common, **_times(ahead.started, ahead.end(run.now)), "level": "ahead", "title": ahead.title,
                "attempt": ahead.attempt, "step": ahead.step + 1, "outcome": ahead.outcome or "running",
                "note": ahead.note,
            }  # fmt: skip
        for attempt in task.attempts:
            yield from ({**common, **row} for row in _attempt(run, task, attempt, cpu))


def _attempt(
    run: ExportedRun, task: TaskState, attempt: AttemptState, cpu: dict[Place, CpuSeconds]
) -> Iterator[Row]:
    number = attempt.attempt
    failure = attempt.failure
    yield {
        "level": "attempt", "title": task.title, "attempt": number,
        **_times(attempt.started, attempt.end(run.now)), "outcome": attempt.outcome or run.word(task),
        "note": failure.cause if failure else "",
    }  # fmt: skip
    for step in attempt.steps:
        used = cpu[Place(task.id, number, step.step)].total
        yield {
            "level": "step", "title": step.title, "attempt": number, "step": step.step + 1,
            "kind": task.kinds[step.step] if step.step < len(task.kinds) else "",
            **_times(step.started, run.ended(step, attempt)), "cpu_seconds": _rounded(used),
            "outcome": "" if step.finished is None else "changed" if step.changed else "unchanged",
            "note": step.note,
        }  # fmt: skip
    for span in attempt.spans:
        end = attempt.end(run.now) if span.finished is None else span.finished
        yield {
            "level": "span", "title": span.name, "subject": span.subject, "attempt": number,
            "step": span.step + 1, **_times(span.started, end),
        }  # fmt: skip


def _times(start: float, end: float) -> Row:
    return {"start": _rounded(start), "end": _rounded(end), "seconds": _rounded(end - start)}


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


EXPORT = Export("csv", "a table of tasks, attempts, steps and spans, for spreadsheets and data frames", write)
