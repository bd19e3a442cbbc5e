"""A run as Markdown, for a pull request or a job's summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.export.export import Export, Option
from tui.export.exported_run import last_lines
from tui.export.text import markdown
from tui.insight.compare import verdict
from tui.insight.time_axis import run_scale
from tui.text import AHEAD, GLYPHS, clock, cut, one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.export.exported_run import ExportedRun
    from tui.insight.time_axis import Scale
    from tui.run.state import TaskState

_COLUMNS = 48
_NAME = 32
_MOST_CHANGES = 10
_MOST_FAILURES = 20
_MOST_LINES = 20
_LONGEST = 500  # letters of a line, or of a cause
_WORTH_SAYING = 0.1  # seconds
_SIGNS = {"succeeded": "✅", "failed": "❌", "cancelled": "⚠️", "running": "🔄"}


def write(run: ExportedRun, rows: int) -> bytes:
    """Return the run's outcome, a timeline, the critical path, what changed, and what failed.

    Args:
        run: The run.
        rows: Most tasks that the timeline has.
    """
    status, outcome = run.verdict
    facts = (run.facts[name] for name in ("run", "mode", "environment", "where", "started"))
    lines = [f"### {_SIGNS.get(status, '')} {markdown(outcome)}", ""]
    lines += [f"> {markdown(remark)}\n" for remark in run.remarks]
    lines += [" · ".join(markdown(fact) for fact in facts), ""]
    for part in (_timeline(run, rows), _conclusions(run), _changes(run), _failures(run)):
        lines += [*part, ""]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return f"{text}\n".encode(errors="replace")


def _timeline(run: ExportedRun, rows: int) -> Iterator[str]:
    tasks = [task for task in run.state.tasks.values() if task.attempts]
    chosen = sorted(tasks, key=lambda task: (task.status != "failed", -task.seconds(run.now)))[:rows]
    shown = {task.id for task in chosen}
    if not shown:
        return
    scale = run_scale(run.state, _COLUMNS, run.now)
    yield "```text"
    for task in tasks:
        if task.id in shown:
            mark = "◆" if task.id in run.critical else " "
            name = cut(one_line(task.title), _NAME)
            took = seconds(task.seconds(run.now))
            yield f"{GLYPHS[task.status]}{mark} {name:<{_NAME}} {took:>7} {_bar(run, task, scale)}".rstrip()
    yield "```"
    if len(shown) < len(tasks):
        yield f"The {len(shown)} longest of {len(tasks):,} tasks."


def _bar(run: ExportedRun, task: TaskState, scale: Scale) -> str:
    text = ""
    for ahead in task.prefetches if scale.per_column else ():
        start, end = round(scale.at(ahead.started)), round(scale.at(ahead.end(run.now)))
        text = text[:start].ljust(min(start, _COLUMNS - 1)) + AHEAD * max(end - start, 1)
    for attempt in task.attempts if scale.per_column else ():
        start, end = round(scale.at(attempt.started)), round(scale.at(attempt.end(run.now)))
        text = text.ljust(min(start, _COLUMNS - 1)) + "█" * max(end - max(start, len(text)), 1)
        if attempt.outcome == "failed":
            text = text[:-1] + "✗"
    return text


def _conclusions(run: ExportedRun) -> Iterator[str]:
    ends, starts = run.forecast.ends, run.forecast.starts
    path = [
        f"{markdown(run.state.tasks[id_].title)} ({seconds(ends[id_] - starts[id_])})" for id_ in run.path
    ]
    if path:
        yield f"**Critical path** ◆ {' → '.join(_middle_cut(path))}\n"
    yield f"**Why** {markdown(run.why.verdict)}\n"
    if run.why.gain:
        yield f"**Concurrency** {markdown(str(run.why.gain))}"


def _middle_cut(path: Sequence[str], most: int = 20) -> list[str]:
    if len(path) <= most:
        return [*path]
    return [*path[: most // 2], f"… {len(path) - most} more …", *path[-most // 2 :]]


def _changes(run: ExportedRun) -> Iterator[str]:
    told = run.comparison
    if told is None:
        return
    yield f"**Against the last good run**, {markdown(told.b.run)}: {markdown(verdict(told))}\n"
    yield from (f"- not alike: {markdown(each)}" for each in told.unlike)
    changed = [task for task in told.tasks if task.is_noticed and task.weight >= _WORTH_SAYING]
    if not changed:
        return
    yield "\n| task | then | now | difference |"
    yield "| --- | ---: | ---: | ---: |"
    for change in changed[:_MOST_CHANGES]:
        then, now = ("–" if time is None else seconds(time) for time in (change.b, change.a))
        off = change.difference
        signed = "" if off is None else f"{'+' if off > 0 else '−'}{seconds(abs(off))}"
        yield f"| {markdown(change.title)} | {then} | {now} | {signed} |"


def _failures(run: ExportedRun) -> Iterator[str]:
    failed = run.state.with_status("failed")
    for task in failed[:_MOST_FAILURES]:
        failure = task.attempt.failure if task.attempt else None
        if failure is None:
            continue
        at = clock(task.attempts[-1].end(run.now))
        step = f"step {failure.step + 1}, {markdown(failure.title)}, at {at}"
        yield f"**✗ {markdown(task.title)}** failed in {step}: {markdown(cut(failure.cause, _LONGEST))}\n"
        if failure.hint:
            yield f"💡 {markdown(cut(failure.hint, _LONGEST))}\n"
        if told := last_lines(failure)[-_MOST_LINES:]:
            yield "<details><summary>its last lines</summary>\n"
            # Four spaces before each line make code of it that no line can end.
            yield from (f"    {cut(one_line(line), _LONGEST)}" for line in told)
            yield "\n</details>\n"
    if len(failed) > _MOST_FAILURES:
        yield f"And {len(failed) - _MOST_FAILURES} more failed."


EXPORT = Export(
    "md",
    "a summary with a small timeline, for a pull request",
    write,
    [Option("rows", 40, "The most tasks that the timeline has.", least=1)],
)
