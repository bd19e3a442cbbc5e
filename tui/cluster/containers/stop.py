"""Stopping a cluster of containers, so that its next creation starts it again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import list_nodes
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter


async def stop(cluster: Cluster, host: Host, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    name, maker = f"cluster {cluster.name}", maker_of(cluster)
    async with connect(await host.engine()) as api:
        nodes = await list_nodes(api, cluster)
        if not nodes:
            return Done(f"there is no {name}", changed=False)
        if len(nodes) > 1 and not maker.restarts:
            raise ActionError(
                f"{name} has {len(nodes)} nodes, which cannot be started again: their addresses may change",
                "let it run, or take it down with `bringup down`",
            )
        running = [node for node in nodes if node.running]
        if not running:
            return Done(f"{name} is stopped already", changed=False)
        with report.span("stop", cluster.name):
            if maker.restarts:
                await maker.output(report).carry_out(
                    f"{name} could not be stopped", maker.stop(cluster.name), host
                )
            else:
                await asyncio.gather(*(api.stop(node.id) for node in running))
    return Done(f"stopped {name}: `bringup up` starts it again")
