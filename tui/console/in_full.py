"""A kept run in full, as data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.insight.outcome import judge, next_steps
from tui.insight.run_list import outcome
from tui.run.summary import summarize

if TYPE_CHECKING:
    from tui.run.kept_run import KeptRun
    from tui.run.standing import Stands
    from tui.run.state import RunState, TaskState


def in_full(run: KeptRun, stands: Stands, state: RunState | None = None) -> dict[str, Any]:
    """Return a run's whole report as JSON-like data.

    Args:
        run: The run.
        stands: What it leaves behind.
        state: The run as it stood at a moment; by default as it ended or stands.
    """
    state = state or run.state
    now = state.known_until
    following = next_steps(state, stands)
    told = summarize(run.directory.name, state)
    return {
        "run": told.run,
        "plan": told.plan,
        "purpose": told.purpose,
        "started": told.started,
        "environment": told.environment,
        "where": told.where,
        "mode": told.mode,
        "outcome": outcome(told, stands.running),
        "seconds": told.seconds,
        "title": run.started.title,
        "note": run.started.note,
        "verdict": judge(state, now, running=stands.running, taken_down=stands.taken_down)[1],
        "tasks": [_task(task, now) for task in state.tasks.values()],
        "warnings": [{"task": warned.task, "text": warned.text} for warned in state.warnings],
        "kubeconfig": stands.kubeconfig or None,
        "kubeconfigs": list(stands.kubeconfigs),
        "endpoints": [{"name": name, "url": url} for name, url in stands.endpoints],
        "forwards": [{"name": name, "address": address or None} for name, address in stands.forwards],
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
