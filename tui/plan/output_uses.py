"""Where a plan's outputs are used, and what is wrong with that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.plan.faults import Fault, Place, suggest
from tui.plan.outputs import OUTPUT, is_output
from tui.plan.sources import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.plan.document import Path_
    from tui.plan.graph import Graph
    from tui.plan.model import Plan, Task
    from tui.plan.steps.base import StepBase


def used_outputs(plan: Plan, step: StepBase) -> Iterator[tuple[str, Path_ | Place]]:
    """Yield the outputs that a step uses, each with its path in the step, or its place in a file."""
    for path, text in step.templates:
        yield from ((name, path) for name in text.names)
    for place, name in references(step) if plan.outputs.makers else ():
        if is_output(name):
            yield name.partition(".")[2], place


def check_outputs(plan: Plan, graph: Graph, place: Callable[..., Place]) -> Iterator[Fault]:
    """Yield what is wrong with a plan's outputs.

    Args:
        plan: The plan.
        graph: Its tasks and their needs.
        place: Returns the place of a part of a task, and of a text in it.
    """
    for name, id_, number in plan.outputs.twice:
        cause = f"two steps have the output {name!r}"
        yield Fault(place(id_, "steps", number, OUTPUT), cause, "rename one of them")
    for task in plan.tasks:
        for number, step in enumerate(task.steps):
            for name, where in used_outputs(plan, step):
                if wrong := _wrong(plan, name, task, number, graph):
                    if not isinstance(where, Place):
                        text = f"${{{OUTPUT}.{name}}}"
                        where = place(task.id, "steps", number, *where, text=text)
                    yield Fault(where, *wrong)


def _wrong(plan: Plan, name: str, task: Task, number: int, graph: Graph) -> tuple[str, str] | None:
    """Return what is wrong with a step's use of an output, and what to do."""
    step, outputs = task.steps[number], plan.outputs
    names = outputs.names(step)
    if name not in names:
        hint = suggest(name, names) or f"add `output: {name}` to the command that prints it"
        return f"no step has the output {name!r}", hint
    maker, at = outputs.makers[names[name]]
    if maker.id == task.id:
        late = at >= number
        return (f"output {name!r} is used before it is made", "move this step behind") if late else None
    if maker.id not in graph.upstream(task.id):
        cause = f"{task.id!r} uses output {name!r}, but does not need task {maker.id!r}, which makes it"
        return cause, f"add {maker.id!r} to the needs of {task.id!r}"
    if step.is_wanted and not maker.steps[at].is_wanted:
        cause = f"output {name!r} is not made: its step in task {maker.id!r} is not wanted"
        return cause, "give both the same `when`"
    return None
