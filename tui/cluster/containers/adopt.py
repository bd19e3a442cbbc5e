"""Taking over a cluster of containers whose nodes are there, running, stopped or just restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.cluster.containers.address import renew_certificate
from tui.cluster.containers.examine import broken, judge
from tui.cluster.containers.local_registry import lead_to_registry, start_registry, tell_of_registry
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import find_nodes, list_nodes, published
from tui.cluster.containers.reach import reach
from tui.cluster.containers.readiness import await_ready
from tui.cluster.containers.restore import put_back
from tui.cluster.containers.stale import remove_cgroups
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from tui.cluster.provider import ClusterSpec, Node
    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_ANSWER = 10.0  # seconds for a cluster that has been running to show that it is ready


async def adopt(
    cluster: Cluster,
    host: Host,
    spec: ClusterSpec,
    report: Reporter,
    nodes: Sequence[Node],
    prepared: asyncio.Event,
) -> Done:
    """Take a cluster over that is there, and start it again where it is stopped.

    Args:
        cluster: The cluster.
        host: Its host.
        spec: What it is to be like.
        report: Takes output.
        nodes: Its nodes.
        prepared: Set once they can be looked at for images.

    Raises:
        ActionError: It is not healthy.
    """
    stopped = judge(cluster, nodes) == "stopped"
    since = await _start(cluster, host, nodes, report) if stopped else ""
    await start_registry(cluster, host, report)
    await _settle(cluster, host, spec, report, nodes, prepared, since, spec.wait if stopped else _ANSWER)
    if stopped:
        return Done(f"started cluster {cluster.name} again")
    return Done(f"cluster {cluster.name} is there and healthy", changed=False)


async def restore(
    cluster: Cluster,
    host: Host,
    spec: ClusterSpec,
    snapshot: Snapshot,
    report: Reporter,
    prepared: asyncio.Event,
) -> None:
    """Make a cluster of a snapshot, as `adopt` takes one over that is stopped.

    Raises:
        ActionError: It cannot be made; a part of it may be left.
    """
    async with connect(await host.engine()) as api:
        await put_back(api, host, snapshot, report)
        nodes = await list_nodes(api, cluster)
    since = await _start(cluster, host, nodes, report)
    await _settle(cluster, host, spec, report, nodes, prepared, since, spec.wait)


async def _settle(
    cluster: Cluster,
    host: Host,
    spec: ClusterSpec,
    report: Reporter,
    nodes: Sequence[Node],
    prepared: asyncio.Event,
    since: str,
    patience: float,
) -> None:
    """Wait until a cluster whose nodes run can be used, and see whether it is as it should be.

    Args:
        cluster: The cluster.
        host: Its host.
        spec: What it is to be like.
        report: Takes output.
        nodes: Its nodes.
        prepared: Set once they can be looked at for images.
        since: When the first of its nodes was started again; empty if not all were.
        patience: Seconds that it may take to become ready.

    Raises:
        ActionError: It is not healthy.
    """
    maker = maker_of(cluster)
    await lead_to_registry(cluster, host, await find_nodes(cluster, host))
    prepared.set()
    try:
        await reach(cluster, host, anew=True)
    except ActionError as error:
        raise broken(cluster, error.cause, error.hint) from error
    waited = nodes if maker.installs_network(spec.config) else ()
    # A creation may have been cut off before it gave them.
    ranges = maker.lacks_ranges(spec.config, spec.image)
    if unready := await await_ready(cluster, waited, patience, report, restarted=since, ranges=ranges):
        raise broken(cluster, f"{', '.join(unready)} is not ready", "", tuple(unready.values()))
    await tell_of_registry(cluster)
    standing = published(await find_nodes(cluster, host))
    if missing := sorted({port for _, port in maker.host_ports(spec.config)} - {*standing}):
        report.warn(
            f"cluster {cluster.name} was made without host port {', '.join(map(str, missing))}"
            " of the plan's configuration: take it down and up again to have it"
        )


async def _start(cluster: Cluster, host: Host, nodes: Sequence[Node], report: Reporter) -> str:
    """Start a cluster's nodes again.

    Returns:
        When the first was whose processes had ended; empty if there are others that run pods.
    """
    ended = [node for node in nodes if not node.running and node.state != "paused"]
    maker = maker_of(cluster)
    async with connect(await host.engine()) as api:
        for node in nodes:
            if not node.running and node.state != "created":
                report.log(f"starting node {node.name}, which is {node.state}")
            if node.state == "paused":
                await api.wake(node.id, paused=True)
            elif node in ended and not maker.restarts:
                await api.wake(node.id, paused=False)
                await renew_certificate(api, node)
                await remove_cgroups(api, node.id)
        if ended and maker.restarts:
            what = f"cluster {cluster.name} could not be started again"
            await maker.output(report).carry_out(what, maker.start(cluster.name), host)
        if any(node.runs_pods and node not in ended for node in nodes):
            return ""
        found = [await api.inspect(node.id) for node in ended if node.runs_pods]
        return min((str(each["State"]["StartedAt"]) for each in found), default="")
