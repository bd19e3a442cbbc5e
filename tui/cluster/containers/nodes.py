"""The nodes of clusters of containers, as the container engine lists them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.cluster.containers.makers import maker_of
from tui.cluster.provider import Node, Port
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.containers.maker import Maker
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

API_PORT = 6443  # of the API server in a node
_POLL = 0.1  # seconds between looks at containers that come or go


async def find_nodes(cluster: Cluster, host: Host) -> list[Node]:
    """See `tui.cluster.provider.Provider`."""
    async with connect(await host.engine()) as api:
        return await list_nodes(api, cluster)


async def list_nodes(api: EngineApi, cluster: Cluster) -> list[Node]:
    """Return the nodes of a cluster by their names, also those that do not run."""
    containers = await _list_containers(api, cluster)
    return sorted((each for each in containers if each.role), key=lambda node: node.name)


async def _list_containers(api: EngineApi, cluster: Cluster) -> list[Node]:
    """Return all containers of a cluster: its nodes, and what its maker has made beside them."""
    maker = maker_of(cluster)
    return [node_of(each, maker) for each in await api.containers(f"{maker.cluster_label}={cluster.name}")]


def node_of(listed: dict[str, Any], maker: Maker) -> Node:
    """Return a node from an entry of the engine's list of containers; its role is empty if it is none."""
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
        cluster=str(labels.get(maker.cluster_label, "")),
        role=maker.roles.get(str(labels.get(maker.role_label)), ""),
        ports=tuple(dict.fromkeys(ports)),
    )


def api_port(nodes: Sequence[Node]) -> int | None:
    """Return the host port that leads to the API server; None if none does."""
    return next((port.number for node in nodes for port in node.ports if port.inside == API_PORT), None)


def published(nodes: Sequence[Node]) -> list[int]:
    """Return the host ports that nodes publish, in order."""
    return sorted({port.number for node in nodes for port in node.ports})


async def remove_nodes(
    host: Host, cluster: Cluster, making: asyncio.Task[None] | None, patience: float
) -> bool:
    """Remove a cluster's containers, also those that a creation that is being cancelled still starts.

    Args:
        host: The cluster's host.
        cluster: The cluster.
        making: The creation, which has finished or is about to.
        patience: Seconds that it may take; the engine goes on with a removal that it was asked for.

    Returns:
        Whether none is left but what the engine is removing.
    """
    with contextlib.suppress(TimeoutError, BringupError):
        async with asyncio.timeout(patience), connect(await host.engine()) as api:
            while True:
                finished = making is None or making.done()  # what is listed after that is all there will be
                containers = await _list_containers(api, cluster)
                removed = await asyncio.gather(*(api.remove(each.id) for each in containers))
                if finished and all(removed) and await remove_leftovers(api, cluster):
                    return True
                # A container that is still being created is listed, but cannot be removed yet.
                await asyncio.sleep(_POLL)
    return False


async def remove_leftovers(api: EngineApi, cluster: Cluster) -> bool:
    """Remove what was made for a cluster beside its containers, which are gone; whether nothing is left."""
    leftovers = maker_of(cluster).leftovers(cluster.name)
    return all([await api.remove_labelled(*each) for each in leftovers])
