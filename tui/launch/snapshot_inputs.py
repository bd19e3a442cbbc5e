"""What decides whether a snapshot still is what a plan would bring up: the inputs of what it holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.launch.request import UsageError
from tui.plan.input_files import checksum
from tui.plan.placement import placement
from tui.plan.steps.cluster import ClusterCreate
from tui.run.outline import task_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt, Hosts
    from tui.plan.model import Plan, Task

TASK = "task "
"""What the name of a task's checksum begins with; the task's id follows."""
_FILES, _IMAGE, _PROGRAM = "files of ", "image ", "program "


def check_plan(plan: Plan) -> None:
    """Make sure that snapshots can be taken of a plan's cluster.

    Raises:
        UsageError: It has none, several, or one that stands by itself.
    """
    found = list(plan.clusters.values())
    if len(found) != 1 or found[0].stands:
        several = f"{len(found)} clusters" if found else "no cluster"
        what = "a cluster that stands" if len(found) == 1 else several
        raise UsageError(f"plan {plan.name!r} has {what}: snapshots are of plans that make one cluster")


def only_cluster(plan: Plan, hosts: Hosts) -> ClusterAt:
    """Return the cluster of a plan, of which snapshots can be taken; raises as `check_plan` does."""
    check_plan(plan)
    (found,) = hosts.clusters(plan).values()
    return found


async def read_inputs(plan: Plan, hosts: Hosts, tasks: Iterable[Task]) -> dict[str, str]:
    """Return what decides what some tasks do, as checksums and versions by what they are of.

    These are what the plan says, the contents of files that it names, the ids of images that are not built
    from sources, and the version of the program that makes the cluster. What is not known is empty.

    Args:
        plan: The plan.
        hosts: Its hosts.
        tasks: The tasks.
    """
    tasks, places = list(tasks), placement(plan)
    built = {
        image
        for task in plan.tasks
        for step in task.wanted_steps
        if step.kind != "image.pull"
        for image in step.images_made
    }
    found: dict[str, str] = {}
    for task in tasks:
        found[f"{TASK}{task.id}"] = task_digest(plan, task)
        if contents := await asyncio.to_thread(checksum, plan, task):
            found[f"{_FILES}{task.id}"] = contents
    images: dict[Host, set[str]] = {}
    for task in tasks:
        used = {image for step in task.wanted_steps for image in (*step.images_used, *step.images_made)}
        images.setdefault(hosts.of(places.tasks[task.id]), set()).update(used - built)
    at = only_cluster(plan, hosts)
    steps = [step for task in tasks for step in task.wanted_steps]
    nodes = {step.image for step in steps if isinstance(step, ClusterCreate) and step.image}
    images.setdefault(at.host, set()).update(nodes)
    for host, names in images.items():
        found |= {f"{_IMAGE}{name}": id_ for name, id_ in (await _ids(host, names)).items()}
    found[f"{_PROGRAM}{at.cluster.provider}"] = await _version(at)
    return dict(sorted(found.items()))


async def _ids(host: Host, names: Iterable[str]) -> dict[str, str]:
    from tui.clients.engine_api import connect

    names = sorted(names)
    if not names:
        return {}
    async with connect(await host.engine()) as api:
        images = [await api.find_image(name) for name in names]
    return {name: image["Id"] if image else "" for name, image in zip(names, images, strict=True)}


async def _version(at: ClusterAt) -> str:
    lines: list[str] = []
    try:
        await at.host.run((at.cluster.provider, "version"), on_lines=lines.extend)
    except BringupError:
        return ""
    return lines[0].strip() if lines else ""


def why_not(snapshot: Snapshot, inputs: Mapping[str, str], plan: Plan) -> str:
    """Return why a snapshot is not what a run would bring up; empty if it is.

    Args:
        snapshot: The snapshot.
        inputs: What decides what the tasks that are run do.
        plan: Their plan.
    """
    titles = {task.id: task.name for task in plan.tasks}
    for name, before in snapshot.inputs.items():
        now = inputs.get(name, "")
        if now == before or (not now and name.startswith((_IMAGE, _PROGRAM))):  # nobody knows another
            continue
        id_ = name.removeprefix(TASK).removeprefix(_FILES)
        if id_ == name:
            return f"{name} is another one by now"
        if id_ not in titles:
            return f"the plan has no task {id_} any more"
        if f"{TASK}{id_}" not in inputs:
            return f"it holds {titles[id_]}, which is left out"
        return (
            f"files of {titles[id_]} have changed"
            if name.startswith(_FILES)
            else f"{titles[id_]} has changed"
        )
    return ""


def makes_cluster(tasks: Iterable[Task]) -> bool:
    """Return whether the cluster is made by some tasks."""
    return any(step.makes_cluster for task in tasks for step in task.wanted_steps)
