"""Deleting a cluster of containers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.cluster.containers.local_registry import remove_registry
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import find_nodes, remove_leftovers
from tui.cluster.containers.reach import context_of
from tui.cluster.kubeconfig_file import unmerge_kubeconfig
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
    else:
        async with connect(await host.engine()) as api:  # a creation may have been cut off
            await remove_leftovers(api, cluster)
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
    maker = maker_of(cluster)
    output = maker.output(report)
    async with host.scratch() as directory:  # of the user's kubeconfig it would take what is not the plan's
        path = directory / "kubeconfig"
        await host.write(path, _nothing())
        argv, env = maker.delete(cluster.name), {"KUBECONFIG": str(path)}
        status = await output.follow(argv, host, env=env)
    if left := await find_nodes(cluster, host):
        names = ", ".join(node.name for node in left)
        raise output.failure(f"cluster {cluster.name} could not be deleted ({names} left)", status)
    if status:
        said = output.failure("it failed", status).cause
        report.warn(f"{maker.name} said on deleting cluster {cluster.name}: {said}")


async def _nothing() -> AsyncIterator[bytes]:
    yield b""
