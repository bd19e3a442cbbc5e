"""On which host each part of a plan runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.address import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Plan
    from tui.plan.steps import Step


@dataclass(frozen=True, slots=True)
class Placement:
    """The hosts of a plan's parts, by their names in the plan.

    Attributes:
        tasks: Each task's.
        cluster: The one that the cluster runs on: where it is created.
        images: Where each image is made or pulled.
    """

    tasks: Mapping[str, str]
    cluster: str
    images: Mapping[str, str]


def placement(plan: Plan) -> Placement:
    """Return where a plan's tasks, its cluster and its images are."""
    tasks = {task.id: task.host or DEFAULT for task in plan.tasks}
    steps = [(tasks[task.id], step) for task in plan.tasks for step in task.wanted_steps]
    cluster = next((host for host, step in steps if step.makes_cluster), DEFAULT)
    images = {image: host for host, step in steps for image in step.images_made}
    return Placement(tasks, cluster, images)


def steps_by_host(plan: Plan) -> dict[str, list[Step]]:
    """Return the steps that have something to do on each host of a plan, by the host's name."""
    places = placement(plan)
    found: dict[str, list[Step]] = {}
    for task in plan.tasks:
        for step in task.wanted_steps:
            if plan.cluster and plan.cluster.stands and step.needs_provider:
                continue  # it needs nothing where the cluster is not made
            name = places.cluster if step.on_cluster_host else places.tasks[task.id]
            found.setdefault(name, []).append(step)
    return found
