"""Why a task does not run, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.run.holds import hold
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.run.holds import Hold
    from tui.run.state import RunState, TaskState

_ENDED = {"failed": "failed", "cancelled": "was cancelled", "skipped": "was skipped"}


def hold_text(state: RunState, id_: str, now: float | None = None) -> str:
    """Say what holds a task back: `waits for Data Storage image`.

    Args:
        state: The run.
        id_: The task.
        now: Seconds since the run began, for the time until a retry; None for the latest event's.

    Returns:
        The words; empty for a task that nothing holds back.
    """
    task = state.tasks[id_]
    if task.status == "running" and task.retry_at is not None:
        left = math.ceil(max(task.retry_at - (state.at if now is None else now), 0.0))
        return f"tried again in {left}s" if left < 60 else f"tried again in {seconds(left)}"
    held = hold(state, id_)
    return "" if held is None else _words(state, id_, held) + _ahead(task)


def _ahead(task: TaskState) -> str:
    """Say which step of a waiting task runs ahead of its place."""
    if task.status != "waiting" or not task.prefetches or task.prefetches[-1].finished is not None:
        return ""
    step = task.prefetches[-1]
    return f"; {step.step + 1}/{len(task.steps)} {step.title} runs ahead"


def named(state: RunState, ids: Iterable[str]) -> str:
    """List tasks by their titles, in plan order: `A`, `A and B`, `A, B and 2 more`."""
    place = state.graph.position
    titles = [state.tasks[id_].title for id_ in sorted(ids, key=place.__getitem__)]
    return _listed(titles if len(titles) <= 3 else [*titles[:2], f"{len(titles) - 2} more"])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _words(state: RunState, id_: str, held: Hold) -> str:
    if held.reason == "needs":
        return f"waits for {named(state, held.tasks)}"
    if held.reason == "phase":
        free = not state.paused and (state.limit is None or len(state.running) < state.limit)
        would = " (eager mode would start it now)" if free else ""
        return f"held by phase {(held.phase or 0) + 1}{would}"
    if held.reason == "sequential":
        return f"one at a time: {named(state, held.tasks)} {'run' if len(held.tasks) > 1 else 'runs'}"
    if held.reason == "limit":
        return f"at most {state.limit} at once"
    if held.reason == "upstream":
        return _upstream(state, id_, held.tasks)
    return held.reason  # paused, cancelled


def _upstream(state: RunState, id_: str, because: Sequence[str]) -> str:
    """Name a task that had to succeed first and did not; another, if the recorded one has since."""
    place = state.graph.position
    candidates = [*because, *sorted(state.graph.upstream(id_), key=place.__getitem__)]
    for root in candidates:
        task = state.tasks[root]
        if task.status in _ENDED:
            return f"needs {task.title}, which {_ENDED[task.status]}"
    return "skipped"
