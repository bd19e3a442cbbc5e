"""On which host each part of a plan runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.address import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Plan
    from tui.plan.steps import Step, StepBase


@dataclass(frozen=True, slots=True)
class Placement:
    """The hosts of a plan's parts, by their names in the plan.

    Attributes:
        tasks: Each task's.
        clusters: Those that the clusters run on, where they are created, by the clusters' names.
        images: Where each image is made or pulled.
    """

    tasks: Mapping[str, str]
    clusters: Mapping[str, str]
    images: Mapping[str, str]

    @property
    def main(self) -> str:
        """The host that the first cluster runs on; that of tasks that name none, if there is none."""
        return next(iter(self.clusters.values()), DEFAULT)

    def of_cluster(self, step: StepBase) -> str:
        """Return the host that a step's cluster runs on."""
        return self.clusters.get(step.cluster or "", DEFAULT)


def placement(plan: Plan) -> Placement:
    """Return where a plan's tasks, its clusters and its images are."""
    tasks = {task.id: task.host or DEFAULT for task in plan.tasks}
    steps = [(tasks[task.id], step) for task in plan.tasks for step in task.wanted_steps]
    # A cluster is where it is made; of a plan that only takes it away, where it is taken away.
    hosts = {step.cluster or "": host for host, step in steps if step.ends_cluster}
    hosts |= {step.cluster or "": host for host, step in reversed(steps) if step.makes_cluster}
    clusters = {name: hosts.get(name, DEFAULT) for name in plan.clusters}
    images = {image: host for host, step in steps for image in step.images_made}
    return Placement(tasks, clusters, images)


def steps_by_host(plan: Plan) -> dict[str, list[Step]]:
    """Return the steps that have something to do on each host of a plan, by the host's name."""
    places = placement(plan)
    found: dict[str, list[Step]] = {}
    for task in plan.tasks:
        for step in task.wanted_steps:
            cluster = plan.cluster_of(step)
            if cluster and cluster.stands and step.needs_provider:
                continue  # it needs nothing where the cluster is not made
            name = places.of_cluster(step) if step.on_cluster_host else places.tasks[task.id]
            found.setdefault(name, []).append(step)
    return found
