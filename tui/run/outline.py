"""The outline of a plan that its runs keep: names, needs and checksums, without what steps do."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from tui.plan.address import DEFAULT
from tui.run.events import PhaseOutline, TaskOutline

if TYPE_CHECKING:
    from tui.plan.model import Plan, Task


def outline(plan: Plan) -> tuple[PhaseOutline, ...]:
    """Return the outline of a plan's phases."""
    needs = plan.needs()
    return tuple(
        PhaseOutline(
            phase.id,
            phase.name,
            tuple(
                TaskOutline(
                    task.id,
                    task.name,
                    needs[task.id],
                    tuple(step.describe() for step in task.steps),
                    "" if task.host == DEFAULT else task.host or "",
                    task_digest(plan, task),
                    tuple(step.kind for step in task.steps),
                    tuple(step.cluster or "" for step in task.steps) if plan.clusters_ else (),
                )
                for task in phase.tasks
            ),
        )
        for phase in plan.phases
    )


def task_digest(plan: Plan, task: Task) -> str:
    """Return a checksum of all that decides what a task does."""
    substitutes = any(getattr(step, "substitute", False) for step in task.steps)
    variables = plan.variables_of(task.steps[0]) if substitutes else None
    environment = plan.environment if any(step.kind == "command" for step in task.steps) else None
    clusters = [plan.cluster_of(step) for step in task.steps]
    # Of several, those that the steps are for; a plan of one keeps the checksums of earlier versions.
    parts = task, clusters if plan.clusters_ else plan.cluster_, plan.hosts, variables, environment
    return hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()[:16]


def preview(document: Any) -> tuple[str, tuple[PhaseOutline, ...]]:
    """Return the outline that a plan's file shows before the plan is read and checked.

    Args:
        document: The file's value, whatever it is.

    Returns:
        The plan's name and its phases, without steps; nothing where the document is no plan's.
    """
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        phases = tuple(
            PhaseOutline(
                str(phase["id"]),
                str(phase.get("title") or phase["id"]),
                tuple(
                    TaskOutline(str(task["id"]), str(task.get("title") or task["id"]), (), ())
                    for task in phase["tasks"]
                ),
            )
            for phase in document["phases"]
        )
        return str(document["name"]), phases
    return "", ()
