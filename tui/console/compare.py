"""What changed between two runs, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.insight.compare import verdict

if TYPE_CHECKING:
    from tui.insight.compare import Change, Comparison, Side


def as_data(told: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON-like data; times are in seconds."""
    return {
        "verdict": verdict(told),
        "a": _side(told.a),
        "b": _side(told.b),
        "like_runs": told.like,
        "unlike": list(told.unlike),
        **_change(told.whole),
        "tasks": [{"task": task.key, **_change(task), "parts": _parts(task)} for task in told.tasks],
    }


def _side(side: Side) -> dict[str, Any]:
    like = side.likeness
    return {
        "run": side.run,
        "name": side.name,
        "runs": side.times.runs,
        "plan": like.plan,
        "mode": like.mode,
        "environment": like.environment,
        "where": like.where,
        "work": list(like.work),
        "caches": like.caches,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "title": change.title,
        "seconds_a": change.a,
        "seconds_b": change.b,
        "difference": change.difference,
        "status_a": change.status,
        "status_b": change.before,
        "usual": change.usual,
        "tolerance": change.tolerance,
        "against_usual": change.verdict or None,
    }


def _parts(change: Change) -> list[dict[str, Any]]:
    return [{**_change(part), "parts": _parts(part)} for part in change.parts]
