"""Which steps of a plan may run ahead of their tasks' places, and what each of them still waits for.

A task waits for all that it needs, while its first steps may need less: an image can be pulled at once, and
loaded as soon as the cluster's nodes run. A step runs ahead only where no task that has not finished can make
anything that it uses, so that it does the same as at its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from tui.plan.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step


class Place(NamedTuple):
    """A step's place in a plan: its task, and its number in that, from 0."""

    task: str
    step: int


@dataclass(frozen=True, slots=True)
class Prefetchable:
    """A step that may run ahead of its place.

    Attributes:
        after: The tasks that must have succeeded before.
        on_nodes: Whether it needs its cluster's nodes.
        creation: The step that creates these, if there is one.
    """

    after: frozenset[str]
    on_nodes: bool
    creation: Place | None = None


def outlook(plan: Plan, *, barriers: bool) -> dict[str, tuple[Prefetchable, ...]]:
    """Return what of a plan may run ahead: of each task that has any, its first steps that may, in order.

    Args:
        plan: The plan.
        barriers: Whether a task waits for the phases before its own, besides what it needs.
    """
    first = {
        task.id: list(takewhile(lambda step: step.is_wanted and step.prefetch != "never", task.steps))
        for task in plan.tasks
    }
    if not any(first.values()):
        return {}
    graph = Graph.of(plan)
    tasks = {task.id: task for task in plan.tasks}
    creations = {
        step.cluster: Place(task.id, i)
        for task in reversed(plan.tasks)
        for i, step in reversed([*enumerate(task.steps)])
        if step.makes_cluster and step.is_wanted
    }
    found = {}
    for id_ in filter(first.get, first):
        waits_for = set(graph.upstream(id_))
        if barriers:
            waits_for.update(*graph.phases[: graph.nodes[id_].phase])
        before = [tasks[other] for other in waits_for]
        found[id_] = tuple(_prefetchable(step, before, creations) for step in first[id_])
    return found


def _prefetchable(step: Step, before: Iterable[Task], creations: Mapping[str | None, Place]) -> Prefetchable:
    after = frozenset(
        task.id for task in before if any(_may_change(each, step) for each in task.wanted_steps)
    )
    on_nodes = step.prefetch == "nodes"
    return Prefetchable(after, on_nodes, creations.get(step.cluster) if on_nodes else None)


def _may_change(other: Step, step: Step) -> bool:
    """Return whether another step may make something that a step uses, or that it makes itself."""
    if other.makes_unseen:
        return True
    if step.kind == "image.build":  # the images that it begins with stand in its Dockerfile
        return bool(other.images_made)
    return bool({*other.images_made} & {*step.images_used, *step.images_made})
