"""Why one task takes as long as it does, as sections of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.insight.hold_text import named
from tui.insight.sections import Row, Section
from tui.insight.time_breakdown import time_breakdown
from tui.run.work_time import busy, idle, time_at_work
from tui.text import GLYPHS, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.insight.expectation import Expectation
    from tui.insight.forecast import Forecast
    from tui.insight.hold_times import Held
    from tui.insight.sections import Tone
    from tui.insight.time_breakdown import AttemptTime, StepTime, TimeBreakdown
    from tui.run.state import RunState, TaskState

_WORTH_SAYING = 0.05  # seconds


def why_task(
    state: RunState, task_id: str, now: float, expectation: Expectation, forecast: Forecast
) -> list[Section]:
    """Return where a task's time went: what held it back, what its attempts spent, what it decides.

    Args:
        state: The run, which has begun.
        task_id: The task.
        now: Seconds since the run began.
        expectation: How long things took before.
        forecast: When what is left will be done.
    """
    task = state.tasks[task_id]
    told = time_breakdown(state, task_id, now, expectation)
    held = tuple(Row(_reason(state, each, now), seconds(each.seconds), each.seconds) for each in told.holds)
    sections = [
        Section(f"{GLYPHS[task.status]} {task.title}", task.status, tuple(_history(told, expectation))),
        Section(
            "Held", seconds(told.held) if held else "", held or (Row("nothing held it back", tone="quiet"),)
        ),
    ]
    if task.prefetches:
        sections.append(_ahead(task, now))
    sections += [_attempt(attempt, len(told.attempts) > 1) for attempt in told.attempts]
    if task_id in forecast.critical:
        sections.append(
            Section("", "", (Row("◆ critical: a second saved here is a second saved", tone="critical"),))
        )
    elif (slack := forecast.slack.get(task_id)) is not None:
        end = forecast.ends[task_id]
        slack = time_at_work(end, end + slack, idle(busy(state, now), now))
        text = f"slack {seconds(slack)}: it could finish that much later, and the run would not"
        sections.append(Section("", "", (Row(text, seconds=slack),)))
    return sections


def _history(told: TimeBreakdown, expectation: Expectation) -> Iterator[Row]:
    worked = seconds(told.worked)
    if told.expected is None:
        yield Row(f"at work {worked}; no earlier time of it is known", seconds=told.worked)
    else:
        last = told.attempts[-1] if told.attempts else None
        running = last is None or last.outcome is None
        note, tone = _difference(last.seconds if last else 0.0, told.expected, running)
        text = f"at work {worked}, before {seconds(told.expected)} (by {expectation.source})"
        yield Row(text, seconds=told.worked, note=note, tone=tone)
    if told.paused > _WORTH_SAYING:
        yield Row(f"paused {seconds(told.paused)} between attempts", seconds=told.paused)


def _difference(now: float, before: float | None, running: bool) -> tuple[str, Tone]:
    """Return how much slower or faster something is than it was, where that is known and worth a word."""
    if before is None or abs(now - before) < max(0.1 * before, 0.5) or (running and now < before):
        return "", ""
    return (
        (f"+{seconds(now - before)}", "slower") if now > before else (f"−{seconds(before - now)}", "faster")
    )


def _reason(state: RunState, held: Held, now: float) -> str:
    """Return what held a task back, in the present tense while it still does."""
    names = named(state, held.tasks) if held.tasks else ""
    holds = held.end >= now and not all(state.tasks[id_].ended is not None for id_ in held.tasks)
    run = ("run" if len(held.tasks) > 1 else "runs") if holds else "ran"
    match held.reason:
        case "needs":
            return f"{'needs' if holds else 'needed'} {names}"
        case "phase":
            finish = ("finish" if len(held.tasks) > 1 else "finishes") if holds else "finished"
            return f"held by phase {(held.phase or 0) + 1}, until {names} {finish}"
        case "sequential":
            return f"one at a time, while {names} {run}"
        case "limit":
            return f"at most {state.limit} at once, while {names} {run}"
        case _:
            return held.reason


def _ahead(task: TaskState, now: float) -> Section:
    """Return what ran ahead of the task's place, while that was held back."""
    rows = tuple(
        Row(
            each.title,
            seconds(each.end(now) - each.started),
            each.end(now) - each.started,
            each.started,
            note=each.outcome
            if each.outcome in {"failed", "cancelled"}
            else ""
            if each.changed
            else "unchanged",
            tone="quiet",
        )
        for each in task.prefetches
    )
    took = sum(row.seconds or 0.0 for row in rows)
    return Section("Ran ahead of its place", seconds(took), rows)


def _attempt(attempt: AttemptTime, several: bool) -> Section:
    title = f"Attempt {attempt.attempt}" if several else "Steps"
    outcome = f"  {attempt.outcome}" if several and attempt.outcome else ""
    running = attempt.outcome is None
    rows = [_step(step, running=running and step is attempt.steps[-1]) for step in attempt.steps]
    return Section(title, f"{seconds(attempt.seconds)}{outcome}", tuple(rows))


def _step(step: StepTime, running: bool) -> Row:
    note, tone = _difference(step.seconds, step.expected, running)
    if not step.changed:
        note, tone = "unchanged", "quiet"
    return Row(step.title, seconds(step.seconds), step.seconds, step.started, step.share, note, tone)
