"""Exporting the logs of a cluster of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import find_nodes
from tui.errors import ActionError
from tui.hosts.host import at
from tui.reporter import Done

if TYPE_CHECKING:
    from pathlib import Path

    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter


async def export_logs(cluster: Cluster, host: Host, directory: Path, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    nodes = await find_nodes(cluster, host)
    if not nodes:
        raise ActionError(
            f"there is no cluster {cluster.name}{at(host)}", "run a `cluster.create` step first"
        )
    to = directory if host.shares_files else None
    place = await maker_of(cluster).export_logs(cluster.name, host, nodes, to, report)
    return Done(f"exported to {place}{at(host)}")
