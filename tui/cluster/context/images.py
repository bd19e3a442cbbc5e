"""Getting images into a cluster that stands, by what it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.cluster.kind import load
from tui.cluster.kind import nodes as kind_nodes
from tui.errors import ActionError, BringupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Done, Reporter

_KIND = "kind-"  # begins the names of kind's contexts


async def find_nodes(cluster: Cluster, host: Host) -> list[Node]:
    """See `tui.cluster.provider.Provider`: those that are containers of the host's engine, as kind's are."""
    if cluster.context.startswith(_KIND):
        with contextlib.suppress(BringupError):
            return await kind_nodes.find_nodes(_as_kind(cluster), host)
    return []


async def deliver(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    if await find_nodes(cluster, host):
        return await load.deliver(_as_kind(cluster), host, images, report)
    raise ActionError(
        f"images do not get into the cluster of context {cluster.context!r} by themselves",
        "push them to a registry that its nodes pull from, in a `command` step",
    )


def _as_kind(cluster: Cluster) -> Cluster:
    """Return a cluster by the name that kind knows it by."""
    return cluster.model_copy(update={"name": cluster.context.removeprefix(_KIND)})
