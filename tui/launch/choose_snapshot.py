"""Choosing the snapshot that a run starts from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tui.cluster.provider import Restoration, provider_of
from tui.errors import ActionError
from tui.launch.request import UsageError
from tui.launch.snapshot_inputs import makes_cluster, only_cluster, read_inputs, why_not
from tui.plan.faults import suggest
from tui.text import ago

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host_set import Hosts
    from tui.plan.model import Plan, Task

AUTO, NEVER = "auto", "never"


class Choice(NamedTuple):
    """What a run starts from.

    Attributes:
        restoration: The snapshot; None if the cluster is made anew.
        note: What to tell of it; empty if nothing.
    """

    restoration: Restoration | None = None
    note: str = ""


async def choose_snapshot(plan: Plan, tasks: Sequence[Task], hosts: Hosts, wanted: str) -> Choice:
    """Choose the snapshot that a run restores its cluster from, if that is not there.

    Of those that hold nothing but what the run would bring up, it is the one that holds most of it.

    Args:
        plan: The plan.
        tasks: Those of its tasks that are run.
        hosts: Its hosts.
        wanted: `auto`, `never` or the id of a snapshot.

    Raises:
        UsageError: The snapshot that was asked for is not there, or is not what the plan would bring up.
        ActionError: The engine does not tell.
    """
    if wanted == NEVER or (wanted == AUTO and not makes_cluster(tasks)):
        return Choice()
    if wanted != AUTO:
        return await _asked(plan, tasks, hosts, wanted)
    try:
        return await _best(plan, tasks, hosts)
    except (UsageError, ActionError):  # what is wrong with the engine keeps steps from it, which tell
        return Choice()


async def _asked(plan: Plan, tasks: Sequence[Task], hosts: Hosts, wanted: str) -> Choice:
    option, cluster = "--from-snapshot", only_cluster(plan, hosts).cluster
    snapshot = named(wanted, await _kept(plan, hosts), option)
    if reason := why_not(snapshot, await read_inputs(plan, hosts, tasks), plan):
        hint = "leave the option out, or take another one: `bringup snapshot`"
        raise UsageError(f"{option}: snapshot {snapshot.id} does not fit: {reason}", hint)
    if await _is_there(plan, hosts):
        cause = f"{option}: cluster {cluster.name} is there, and is not made anew"
        raise UsageError(cause, "take it down first: `bringup down`")
    return _starting_from(snapshot, must=True)


async def _best(plan: Plan, tasks: Sequence[Task], hosts: Hosts) -> Choice:
    kept = await _kept(plan, hosts)
    if not kept or await _is_there(plan, hosts):
        return Choice()
    inputs = await read_inputs(plan, hosts, tasks)
    reasons = [why_not(each, inputs, plan) for each in kept]
    fitting = [each for each, reason in zip(kept, reasons, strict=True) if not reason]
    if not fitting:
        return Choice(None, f"snapshot {kept[0].id} is not used: {reasons[0]}")
    return _starting_from(max(fitting, key=lambda each: (len(each.inputs), each.taken)), must=False)


def _starting_from(snapshot: Snapshot, *, must: bool) -> Choice:
    taken = ago(time.time() - snapshot.taken)
    after = f" after {snapshot.after}" if snapshot.after else ""
    return Choice(Restoration(snapshot, must), f"starts from snapshot {snapshot.id}, taken {taken}{after}")


async def _kept(plan: Plan, hosts: Hosts) -> list[Snapshot]:
    """Return the snapshots of a plan's cluster, the newest first."""
    from tui.clients.engine_api import connect
    from tui.cluster.snapshots.snapshot import list_snapshots

    at = only_cluster(plan, hosts)
    async with connect(await at.host.engine()) as api:
        found = await list_snapshots(api)
    return [each for each in found if (each.plan, each.cluster) == (plan.name, at.cluster.name)]


async def _is_there(plan: Plan, hosts: Hosts) -> bool:
    cluster, host = only_cluster(plan, hosts)
    return bool(await (await provider_of(cluster)).find_nodes(cluster, host))


def named(reference: str, kept: Sequence[Snapshot], option: str = "") -> Snapshot:
    """Return the snapshot of an id, or of its beginning.

    Raises:
        UsageError: There is none, or there are several.
    """
    found = [each for each in kept if reference and each.id.startswith(reference)]
    if len(found) == 1:
        return found[0]
    prefix = f"{option}: " if option else ""
    if found:
        raise UsageError(f"{prefix}several snapshots begin with {reference!r}", "write more of the id")
    hint = suggest(reference, [each.id for each in kept]) or "`bringup snapshot list` lists them"
    raise UsageError(f"{prefix}there is no snapshot {reference!r}", hint)
