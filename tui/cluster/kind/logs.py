"""Exporting the logs of a Kind cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cluster.kind.nodes import find_nodes
from tui.cluster.kind.output import Output
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
    if not await find_nodes(cluster, host):
        raise ActionError(f"there is no cluster {cluster.name}{at(host)}", "run a `kind.create` step first")
    output = Output(report)
    here = [str(directory)] if host.shares_files else []  # else kind makes a directory there
    argv = ("kind", "export", "logs", *here, "--name", cluster.name)
    if status := await output.follow(argv, host):
        raise output.failure(f"the logs of cluster {cluster.name} could not all be exported", status)
    place = str(directory) if here else output.lines[-1] if output.lines else ""
    return Done(f"exported to {place}{at(host)}")
