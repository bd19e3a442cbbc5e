"""A plan as the readers of its runs know it: names and needs, without what the steps do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.run.events import PhaseOutline, TaskOutline

if TYPE_CHECKING:
    from tui.plan.model import Plan


def outline(plan: Plan) -> tuple[PhaseOutline, ...]:
    """The outline of a plan's phases."""
    return tuple(
        PhaseOutline(
            phase.id,
            phase.name,
            tuple(
                TaskOutline(
                    task.id,
                    task.name,
                    tuple(dict.fromkeys(task.needs)),
                    tuple(step.describe() for step in task.steps),
                )
                for task in phase.tasks
            ),
        )
        for phase in plan.phases
    )
