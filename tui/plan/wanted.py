"""A plan without what is not wanted of it, and with what follows on a failure."""

from __future__ import annotations

from tui.plan.graph import ON_FAILURE
from tui.plan.model import Phase, Plan, Task


def without_unwanted(plan: Plan) -> Plan:
    """Return a plan in which no step of a task is wanted that is not wanted itself."""
    if all(all(task.when) for task in plan.tasks):
        return plan
    phases = (
        phase.model_copy(
            update={"tasks": tuple(task if all(task.when) else unwanted(task) for task in phase.tasks)}
        )
        for phase in plan.phases
    )
    return plan.model_copy(update={"phases": tuple(phases)})


def unwanted(task: Task) -> Task:
    """Return a task with none of its steps wanted."""
    steps = tuple(step.model_copy(update={"when": (False,)}) for step in task.steps)
    return task.model_copy(update={"steps": steps})


def with_failed_phase(plan: Plan) -> Plan:
    """Return a plan with a last phase for the steps that follow on a failure, if it has some."""
    if not plan.failed:
        return plan
    task = Task.model_construct(id=ON_FAILURE, title="On failure", steps=plan.failed)
    last = Phase.model_construct(id=ON_FAILURE, title="On failure", tasks=(task,))
    return plan.model_copy(update={"phases": (*plan.phases, last)})
