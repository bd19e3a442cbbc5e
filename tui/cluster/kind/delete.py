"""Deleting a Kind cluster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.cluster.kind.local_registry import remove_registry
from tui.cluster.kind.nodes import find_nodes
from tui.cluster.kind.output import Output
from tui.cluster.kind.reach import context_of
from tui.cluster.kubeconfig_file import unmerge_kubeconfig
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter


async def delete(cluster: Cluster, host: Host, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    name = f"cluster {cluster.name}"
    there = await find_nodes(cluster, host)
    await remove_registry(cluster, host)
    if there:
        await _delete(cluster, host, report)
    removed = False
    try:
        removed = await asyncio.to_thread(unmerge_kubeconfig, cluster.kubeconfig, context_of(cluster))
    except ActionError as error:
        report.warn(f"entries of {name} may be left in its kubeconfig: {error.cause}")
    if there:
        return Done(f"deleted {name}")
    if removed:
        return Done(f"removed {name}, which was gone, from its kubeconfig")
    return Done(f"there is no {name}", changed=False)


async def _delete(cluster: Cluster, host: Host, report: Reporter) -> None:
    output = Output(report)
    async with host.scratch() as directory:  # kind would lock the kubeconfig, and fail where it is locked
        argv = ("kind", "delete", "cluster", "--name", cluster.name)
        status = await output.follow((*argv, "--kubeconfig", str(directory / "kubeconfig")), host)
    if left := await find_nodes(cluster, host):
        names = ", ".join(node.name for node in left)
        raise output.failure(f"cluster {cluster.name} could not be deleted ({names} left)", status)
    if status:
        report.warn(
            f"kind said on deleting cluster {cluster.name}: {output.failure('it failed', status).cause}"
        )
