"""Which host each part of a plan is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.address import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Placement:
    """Hosts, by their names in the plan.

    Attributes:
        tasks: Each task's.
        cluster: The one that the cluster runs on: where it is created.
        images: Where each image is made or pulled.
    """

    tasks: Mapping[str, str]
    cluster: str
    images: Mapping[str, str]


def placement(plan: Plan) -> Placement:
    """Where a plan's tasks, its cluster and its images are."""
    tasks = {task.id: task.host or DEFAULT for task in plan.tasks}
    steps = [(tasks[task.id], step) for task in plan.tasks for step in task.steps]
    cluster = next((host for host, step in steps if step.kind == "kind.create"), None)
    images: dict[str, str] = {}
    for host, step in steps:
        if step.kind == "image.pull":
            images |= dict.fromkeys(step.images, host)
        elif step.kind == "image.build":
            images[step.tag] = host
    return Placement(tasks, cluster or DEFAULT, images)
