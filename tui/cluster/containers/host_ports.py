"""Who holds the host ports that a configuration takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import node_of
from tui.cluster.provider import PortUse
from tui.errors import ActionError, BringupError
from tui.hosts.ports import meet, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cluster.containers.maker import Maker
    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


async def examine_ports(cluster: Cluster, host: Host, config: str) -> list[PortUse]:
    """See `tui.cluster.provider.Provider`."""
    maker = maker_of(cluster)
    wanted = maker.host_ports(config)
    if not wanted:
        return []
    containers = await _containers(maker, host)
    publishers = {pair: publisher(*pair, containers) for pair in wanted}
    # The engine is asked first: a published port need not have a listener of its own.
    busy = await taken(host, [pair for pair in wanted if publishers[pair] is None])
    uses = [_use(cluster, pair, publishers[pair], busy) for pair in dict.fromkeys(wanted)]
    twice = dict.fromkeys(
        pair[1] for at, pair in enumerate(wanted) if any(meet(pair, other) for other in wanted[:at])
    )
    return uses + [PortUse(port, "the configuration itself, twice", remedy="remove one") for port in twice]


async def check_ports(cluster: Cluster, host: Host, config: str) -> None:
    """Make sure that the host ports of a configuration can be had.

    Raises:
        ActionError: One cannot; the cause says who holds it, as far as that is known.
    """
    for use in await examine_ports(cluster, host, config):
        if use.holder and not use.own:
            raise ActionError(
                f"host port {use.port} is held by {use.holder}",
                f"{use.remedy}, or map another port in the cluster's configuration",
            )


async def _containers(maker: Maker, host: Host) -> list[Node]:
    try:
        async with connect(await host.engine()) as api:
            return [node_of(each, maker) for each in await api.containers()]
    except BringupError:  # the engine is another check's
        return []


def _use(cluster: Cluster, wanted: tuple[str, int], container: Node | None, busy: dict[int, str]) -> PortUse:
    address, port = wanted
    if container is not None and container.cluster:
        owner = container.cluster
        remedy = f"delete it with `{' '.join(maker_of(cluster).delete(owner))}`"
        return PortUse(port, f"cluster {owner}", owner == cluster.name, remedy, address)
    if container is not None:
        return PortUse(port, f"container {container.name}", remedy="stop that container", address=address)
    if port not in busy:
        return PortUse(port, address=address)
    remedy = "stop it" if busy[port] else f"find it with `sudo ss -lntp 'sport = :{port}'`"
    return PortUse(port, busy[port] or "another program", remedy=remedy, address=address)


def publisher(address: str, port: int, containers: Sequence[Node]) -> Node | None:
    """Return the container whose published port conflicts with a listener at an address."""
    for container in containers:
        if any(meet((address, port), (each.address, each.number)) for each in container.ports):
            return container
    return None
