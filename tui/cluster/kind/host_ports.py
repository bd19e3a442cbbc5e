"""The host ports that a Kind configuration takes, and who holds them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from tui.clients.engine_api import connect
from tui.cluster.kind.nodes import node_of
from tui.cluster.provider import PortUse
from tui.errors import ActionError, BringupError
from tui.hosts.ports import ANYWHERE, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

_NEW = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}


def parse_config(config: str) -> dict[str, Any]:
    """Parse a Kind configuration.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    try:
        content = yaml.load(config, Loader=yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise ActionError(f"Kind's configuration is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ActionError("Kind's configuration is not a mapping", "begin it with `kind: Cluster`")
    return content


def with_patches(config: str, key: str, patches: Sequence[str]) -> str:
    """Return a Kind configuration with further patches, such as of `kubeadmConfigPatches`.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    content = _NEW | parse_config(config)
    return yaml.safe_dump(content | {key: [*(content.get(key) or ()), *patches]}, sort_keys=False)


def host_ports(config: str) -> list[tuple[str, int]]:
    """Return the TCP addresses and ports of the host that a configuration takes.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    content = parse_config(config)
    network = _mapping(content.get("networking"))
    found = [(network.get("apiServerAddress") or "127.0.0.1", network.get("apiServerPort"))]
    for node in _list(content.get("nodes")):
        found += [
            (mapping.get("listenAddress") or "", mapping.get("hostPort"))
            for mapping in map(_mapping, _list(_mapping(node).get("extraPortMappings")))
            if str(mapping.get("protocol") or "TCP").upper() == "TCP"
        ]
    return [(str(address), port) for address, port in found if type(port) is int and 0 < port < 1 << 16]


def installs_network(config: str) -> bool:
    """Return whether kind installs a pod network, without which nodes do not become ready."""
    return _mapping(parse_config(config).get("networking")).get("disableDefaultCNI") is not True


async def examine_ports(cluster: Cluster, host: Host, config: str) -> list[PortUse]:
    """See `tui.cluster.provider.Provider`."""
    wanted = host_ports(config)
    if not wanted:
        return []
    containers = await _containers(host)
    publishers = {pair: publisher(*pair, containers) for pair in wanted}
    # The engine is asked first: a published port need not have a listener of its own.
    busy = await taken(host, [pair for pair in wanted if publishers[pair] is None])
    uses = [
        replace(_use(cluster, pair[1], publishers[pair], busy), address=pair[0])
        for pair in dict.fromkeys(wanted)
    ]
    twice = dict.fromkeys(port for at, (_, port) in enumerate(wanted) if _meets(wanted[at], wanted[:at]))
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
                f"{use.remedy}, or map another port in Kind's configuration",
            )


async def _containers(host: Host) -> list[Node]:
    try:
        async with connect(await host.engine()) as api:
            return list(map(node_of, await api.containers()))
    except BringupError:  # the engine is another check's
        return []


def _use(cluster: Cluster, port: int, container: Node | None, busy: dict[int, str]) -> PortUse:
    if container is not None and container.cluster:
        owner = container.cluster
        remedy = f"delete it with `kind delete cluster --name {owner}`"
        return PortUse(port, f"cluster {owner}", own=owner == cluster.name, remedy=remedy)
    if container is not None:
        return PortUse(port, f"container {container.name}", remedy="stop that container")
    if port not in busy:
        return PortUse(port)
    remedy = "stop it" if busy[port] else f"find it with `sudo ss -lntp 'sport = :{port}'`"
    return PortUse(port, busy[port] or "another program", remedy=remedy)


def publisher(address: str, port: int, containers: Sequence[Node]) -> Node | None:
    """Return the container whose published port conflicts with a listener at an address."""
    for container in containers:
        if _meets((address, port), [(each.address, each.number) for each in container.ports]):
            return container
    return None


def _meets(wanted: tuple[str, int], others: Sequence[tuple[str, int]]) -> bool:
    address, port = wanted
    return any(
        number == port and (other == address or other in ANYWHERE or address in ANYWHERE)
        for other, number in others
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
