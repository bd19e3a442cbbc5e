"""Taking a snapshot of what a plan's run brought up."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tui.cluster.provider import provider_of
from tui.cluster.snapshots.snapshot import Snapshot, list_snapshots, remove
from tui.launch.choose_environment import look_at
from tui.launch.cluster_lock import ClusterLock
from tui.launch.request import UsageError
from tui.launch.snapshot_inputs import check_plan, makes_cluster, only_cluster, read_inputs
from tui.launch.snapshot_store import beyond
from tui.launch.use import standing
from tui.plan.faults import suggest
from tui.plan.input_files import input_files
from tui.plan.placement import placement
from tui.run.outline import task_digest
from tui.run.store import RunReferenceError, Store
from tui.run.summary import began_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.hosts.host_set import Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan, Task
    from tui.run.kept_run import KeptRun


def tasks_after(loaded: LoadedPlan, after: str | None) -> list[Task]:
    """Return what has been done after a phase or a task, in the plan's order.

    Args:
        loaded: The plan.
        after: The id of the phase, with which come the phases before it, or of the task, with which come its
            needs; None for all of the plan.

    Raises:
        UsageError: There is no such phase or task, the cluster is not made by then, or cannot be kept.
    """
    plan = loaded.plan
    check_plan(plan)
    if after is None:
        wanted = {task.id for task in plan.tasks}
    elif after in (phases := [phase.id for phase in plan.phases]):
        before = plan.phases[: phases.index(after) + 1]
        wanted = {task.id for phase in before for task in phase.tasks}
    elif after in loaded.graph.nodes:
        wanted = {after, *loaded.graph.upstream(after)}
    else:
        hint = suggest(after, [*phases, *(task.id for task in plan.tasks)])
        raise UsageError(f"--after: plan {plan.name!r} has no phase and no task {after!r}", hint)
    found = [task for task in plan.tasks if task.id in wanted and task.wanted_steps]
    if not makes_cluster(found):
        cause = f"--after {after}: the cluster is not made by then" if after else "the plan makes no cluster"
        raise UsageError(cause, "name a later task" if after else "add a `cluster.create` step to the plan")
    return found


class Taken(NamedTuple):
    """A snapshot that was taken.

    Attributes:
        snapshot: The snapshot.
        seconds: Seconds that it took.
        replaced: Older ones that were removed: it took their place, or they were beyond the usual limits.
    """

    snapshot: Snapshot
    seconds: float
    replaced: Sequence[Snapshot]


def is_up(request: Request) -> bool:
    """Return whether there is a run whose environment stands, as far as runs tell."""
    try:
        standing(request)
    except (UsageError, RunReferenceError):
        return False
    return True


def take_snapshot(request: Request, after: str | None, prompter: Prompter | None) -> Taken:
    """Take a snapshot of the cluster that a run brought up.

    Args:
        request: What was asked for: the plan or the run.
        after: The phase or task after which it is; None for all of the plan.
        prompter: Asks the user what is not known of a machine over SSH.

    Raises:
        PlanError: The plan is not usable.
        UsageError: What stands is not what the plan would bring up, or cannot be kept.
        NotReadyError: Another run holds the cluster, or a host cannot be reached.
        ActionError: It cannot be taken.
    """
    specification, run = standing(request)
    loaded = specification.loaded
    tasks = tasks_after(loaded, after)
    _check_run(run, loaded.plan, tasks)
    snapshot = Snapshot(
        id=secrets.token_hex(4),
        plan=loaded.plan.name,
        cluster="",
        after=after or "",
        taken=time.time(),
        made_in=_made_in(loaded.plan, tasks),
        inputs={},
        node={},
    )
    with ClusterLock(loaded.plan, run.started):
        return asyncio.run(look_at(partial(_take, snapshot, tasks), specification, prompter))


async def _take(wanted: Snapshot, tasks: Sequence[Task], plan: Plan, hosts: Hosts) -> Taken:
    from tui.clients.engine_api import connect
    from tui.cluster.snapshots.secrets import others_secrets

    at = only_cluster(plan, hosts)
    await hosts.connect(placement(plan).tasks.values())
    provider = await provider_of(at.cluster)
    for node in await provider.find_nodes(at.cluster, at.host):
        if not node.running:
            raise UsageError(f"node {node.name} is {node.state}", "start it again: `bringup up`")
    if others := await others_secrets(at, _times(plan)):
        cause = f"Secrets are in cluster {at.cluster.name} that no run put there: {', '.join(others)}"
        hint = "a snapshot would keep them: delete them, or take the cluster down and up again"
        raise UsageError(cause, hint)
    begun = time.monotonic()
    inputs = await read_inputs(plan, hosts, tasks)
    wanted = replace(wanted, cluster=at.cluster.name, inputs=inputs)
    taken = await provider.take_snapshot(at.cluster, at.host, wanted)
    seconds = time.monotonic() - begun
    async with connect(await at.host.engine()) as api:
        kept = await list_snapshots(api)
        alike = [each for each in kept if each.place == taken.place]
        found = [*alike, *beyond([each for each in kept if each not in alike])]
        old = [each for each in found if each.id != taken.id]
        for each in old:
            await remove(api, each)
    return Taken(taken, seconds, old)


def _times(plan: Plan) -> list[tuple[float, float]]:
    """Return when runs of a plan went on, in seconds since 1970."""
    found = ((began_at(run.started.started), run) for run in Store().runs(plan.name) if run.is_real)
    return [(began, began + run.state.at) for began, run in found]


def _made_in(plan: Plan, tasks: Sequence[Task]) -> float:
    """Return how long the latest run took for some tasks that made the cluster; 0 if none is kept."""
    for run in Store().runs(plan.name):
        if run.is_real and "created" in run.likeness.work:
            states = [run.state.tasks.get(task.id) for task in tasks]
            ends = [state.ended for state in states if state and state.ended and not state.kept]
            if len(ends) == len(tasks):
                return max(ends)
    return 0.0


def _check_run(run: KeptRun, plan: Plan, tasks: Sequence[Task]) -> None:
    """Make sure that a run has done some tasks of a plan as they are now, and no others.

    Raises:
        UsageError: It has not.
    """
    state = run.state
    if state.ended_at is None:
        cause = f"run {run.id} still goes on, or was cut off"
        raise UsageError(cause, "wait for its end; else `bringup up --resume`")
    up = "run `bringup up` first"
    before = {task.id: task.digest for phase in run.started.phases for task in phase.tasks}
    began = began_at(run.started.started) + 1  # it is told in whole seconds
    for task in tasks:
        found = state.tasks.get(task.id)
        if found is None or found.status != "succeeded" or found.is_assumed:
            raise UsageError(f"run {run.id} has not done {task.name}", up)
        if before[task.id] != task_digest(plan, task):
            raise UsageError(f"{task.name} has changed in the plan since run {run.id}", up)
        for file in input_files(plan, task):
            if file.exists() and file.stat().st_mtime > began:
                raise UsageError(f"{file} has changed since run {run.id}", up)
    wanted = {task.id for task in tasks}
    more = [each.title for id_, each in state.tasks.items() if id_ not in wanted and each.attempts]
    if more:
        cause = f"run {run.id} has done more than that: {', '.join(more)}"
        raise UsageError(cause, "take the cluster down first, or leave --after out")
