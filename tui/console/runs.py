"""Kept runs: all of them, a line each, and one of them in full, as text and as data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.insight.outcome import judge, next_steps
from tui.run.work_time import busy, work_time
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tui.run.standing import Stands
    from tui.run.state import RunState, TaskState
    from tui.run.store import KeptRun


def summary(run: KeptRun) -> dict[str, Any]:
    """Return a run as JSON-like data, without its tasks."""
    state = run.state
    return {
        "run": run.id,
        "plan": run.started.plan,
        "purpose": run.started.purpose,
        "started": run.started.started,
        "environment": run.started.environment,
        "where": run.started.where,
        "mode": state.mode,
        "outcome": state.result or ("running" if run.is_running else "cut off"),
        "seconds": work_time(busy(state, _end(state))),
    }


def in_full(run: KeptRun, stands: Stands) -> dict[str, Any]:
    """Return a run's whole report as JSON-like data."""
    state = run.state
    now = _end(state)
    following = next_steps(state, stands)
    return summary(run) | {
        "title": run.started.title,
        "note": run.started.note,
        "verdict": judge(state, now, running=stands.running, taken_down=stands.taken_down)[1],
        "tasks": [_task(task, now) for task in state.tasks.values()],
        "warnings": [{"task": warned.task, "text": warned.text} for warned in state.warnings],
        "kubeconfig": stands.kubeconfig or None,
        "endpoints": [{"name": name, "url": url} for name, url in stands.endpoints],
        "next": {label: text for label, text in following if label in {"go on", "reach it", "take down"}},
        "logs": f"{stands.journal}/logs",
    }


def _task(task: TaskState, now: float) -> dict[str, Any]:
    failure = task.attempt.failure if task.attempt and task.status == "failed" else None
    return {
        "task": task.id,
        "title": task.title,
        "status": "not run" if task.is_assumed else task.status,
        "attempts": len(task.attempts),
        "seconds": task.seconds(now),
        "kept": task.kept or None,
        "failure": dataclasses.asdict(failure) if failure else None,
    }


def _end(state: RunState) -> float:
    return state.at if state.ended_at is None else state.ended_at


def table(runs: Iterable[KeptRun], skipped: Callable[[], Sequence[Path]]) -> Iterator[str]:
    """Yield a line for each run, and one for what was skipped.

    Args:
        runs: The runs.
        skipped: Returns what is no run, once the runs are listed.
    """
    none = True
    for each in map(summary, runs):
        none = False
        took = seconds(each["seconds"])
        columns = f"{each['plan']:<20}  {each['environment']:<9}  {each['mode']:<10}"
        yield f"{each['run']}  {columns}  {each['outcome']:<9}  {took:>8}"
    if none:
        yield "no run is kept"
    if others := skipped():
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"skipped, as no journal can be read there: {others[0]}{more}"
