"""What only whoever makes a cluster can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path

    from tui.cluster.provider import PortUse
    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Done, Reporter


async def await_nodes(cluster: Cluster, host: Host) -> None:
    """See `tui.cluster.provider.Provider`: its nodes are there."""


async def examine_ports(cluster: Cluster, host: Host, config: str) -> list[PortUse]:
    """See `tui.cluster.provider.Provider`: what it publishes was settled when it was made."""
    return []


async def stop(cluster: Cluster, host: Host, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    raise _not_ours(cluster, "stopped", "let it run, or take down what the plan made there: `bringup down`")


async def take_snapshot(cluster: Cluster, host: Host, wanted: Snapshot) -> Snapshot:
    """See `tui.cluster.provider.Provider`."""
    raise _not_ours(cluster, "kept", "snapshots are of clusters that the plan makes")


async def export_logs(cluster: Cluster, host: Host, directory: Path, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    hint = "use a `command` step, such as `kubectl cluster-info dump --output-directory DIR`"
    raise _not_ours(cluster, "asked for the logs of its nodes", hint)


def _not_ours(cluster: Cluster, what: str, hint: str) -> ActionError:
    return ActionError(f"the cluster of context {cluster.context!r} stands, and is not {what}", hint)
