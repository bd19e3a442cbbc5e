"""The nodes of kind's clusters, as the container engine lists them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.cluster.provider import Node, Port
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.clients.engine_api import EngineApi
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

CLUSTER = "io.x-k8s.kind.cluster"
"""The label under which kind writes the cluster's name on a node."""
ROLE = "io.x-k8s.kind.role"
_API_PORT = 6443  # of the API server in a node
_POLL = 0.1  # seconds between looks at containers that come or go


async def find_nodes(cluster: Cluster, host: Host) -> list[Node]:
    """See `tui.cluster.provider.Provider`."""
    async with connect(await host.engine()) as api:
        return await list_nodes(api, cluster.name)


async def list_nodes(api: EngineApi, cluster: str) -> list[Node]:
    """Return the nodes of a cluster by their names, also those that do not run."""
    return sorted(map(node_of, await api.containers(f"{CLUSTER}={cluster}")), key=lambda node: node.name)


def node_of(listed: dict[str, Any]) -> Node:
    """Return a node from an entry of the engine's list of containers."""
    labels = listed.get("Labels") or {}
    ports = (
        Port(str(each.get("IP") or ""), int(each["PublicPort"]), int(each["PrivatePort"]))
        for each in listed.get("Ports") or ()
        if each.get("PublicPort") and each.get("Type", "tcp") == "tcp"
    )
    return Node(
        id=str(listed.get("Id", "")),
        name=str((listed.get("Names") or ["?"])[0]).removeprefix("/"),
        state=str(listed.get("State")),
        cluster=str(labels.get(CLUSTER, "")),
        role=str(labels.get(ROLE, "")),
        ports=tuple(dict.fromkeys(ports)),
    )


def api_port(nodes: Sequence[Node]) -> int | None:
    """Return the host port that leads to the API server; None if none does."""
    return next((port.number for node in nodes for port in node.ports if port.inside == _API_PORT), None)


def published(nodes: Sequence[Node]) -> list[int]:
    """Return the host ports that nodes publish, in order."""
    return sorted({port.number for node in nodes for port in node.ports})


async def remove_nodes(host: Host, cluster: str, making: asyncio.Task[None] | None, patience: float) -> bool:
    """Remove a cluster's nodes, also those that a creation that is being cancelled still starts.

    Args:
        host: The cluster's host.
        cluster: The cluster's name.
        making: The creation, which has finished or is about to.
        patience: Seconds that it may take; the engine goes on with a removal that it was asked for.

    Returns:
        Whether none is left but what the engine is removing.
    """
    with contextlib.suppress(TimeoutError, BringupError):
        async with asyncio.timeout(patience), connect(await host.engine()) as api:
            while True:
                finished = making is None or making.done()  # what is listed after that is all there will be
                nodes = await list_nodes(api, cluster)
                removed = await asyncio.gather(*(api.remove(node.id) for node in nodes))
                if finished and all(removed):
                    return True
                # A container that is still being created is listed, but cannot be removed yet.
                await asyncio.sleep(_POLL)
    return False
