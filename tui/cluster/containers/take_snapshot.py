"""Taking a snapshot of a cluster that stands."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import list_nodes
from tui.cluster.snapshots.copying import LAYERS_IN_USE, WITHIN, Volume, copy, volume_of
from tui.cluster.snapshots.snapshot import LABEL, REPOSITORY, Snapshot, remove, remove_remains
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


async def take_snapshot(cluster: Cluster, host: Host, wanted: Snapshot) -> Snapshot:
    """See `tui.cluster.provider.Provider`."""
    data = maker_of(cluster).data
    engine = await host.engine()
    if not data or engine.flavour != "docker":
        what = "by kind" if not data else "in Docker's engine"
        raise ActionError(f"cluster {cluster.name} cannot be kept: snapshots are of clusters made {what}")
    async with connect(engine) as api:
        node = _only(await list_nodes(api, cluster), cluster)
        await remove_remains(api)
        inspected = await api.inspect(node.id)
        status, layers = await api.run_in(node.id, LAYERS_IN_USE)
        networks = [await api.call("GET", f"networks/{name}") for name in _networks(inspected)]
        snapshot = replace(
            wanted,
            node=_as_created(inspected),
            networks=[_network_as_created(each) for each in networks],
            data=data,
        )
        try:
            return await _keep(api, inspected, snapshot, () if status else layers.split())
        except BaseException:
            with contextlib.suppress(ActionError):
                await asyncio.shield(remove(api, snapshot))
            raise


def _only(nodes: Sequence[Node], cluster: Cluster) -> Node:
    """Return the only node of a cluster, which runs.

    Raises:
        ActionError: There is another, none, or it does not run.
    """
    if not nodes:
        raise ActionError(f"there is no cluster {cluster.name}", "make it: `bringup up`")
    if len(nodes) > 1:
        cause = f"cluster {cluster.name} has {len(nodes)} nodes: snapshots are of clusters of one node"
        raise ActionError(cause, "keep it with `bringup down --stop`, or give it one node")
    if not nodes[0].running:
        raise ActionError(f"node {nodes[0].name} is {nodes[0].state}", "start it again: `bringup up`")
    return nodes[0]


async def _keep(
    api: EngineApi, inspected: Mapping[str, Any], snapshot: Snapshot, layers: Sequence[str]
) -> Snapshot:
    """Copy a node's data into a volume, and make an image of the rest, while the node stands still."""
    node = inspected["Id"]
    body = {"Name": snapshot.volume, "Labels": {LABEL: snapshot.id}}
    volume = await api.call("POST", "volumes/create", {}, body)
    target = Volume(snapshot.volume, PurePosixPath(volume["Mountpoint"]), WITHIN)
    await api.call("POST", f"containers/{node}/pause")
    try:
        source = volume_of(inspected, snapshot.data)
        own, whole = await copy(api, inspected["Image"], source, target, layers)
        taken = replace(snapshot, own=own, whole=whole)
        query = {"container": node, "repo": REPOSITORY, "tag": snapshot.id, "pause": "false"}
        labels = {**dict.fromkeys(inspected["Config"]["Labels"], ""), LABEL: taken.label}
        await api.call("POST", "commit", query, {"Labels": labels})  # so that copies are taken for no nodes
    finally:
        await asyncio.shield(api.wake(node, paused=True))
    return taken


def _networks(inspected: Mapping[str, Any]) -> list[str]:
    return [*inspected["NetworkSettings"]["Networks"]]


def _as_created(inspected: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the engine is asked to create a container like one that there is, but for its image."""
    config = {key: value for key, value in inspected["Config"].items() if value and key != "Image"}
    labels = {key: value for key, value in config.get("Labels", {}).items() if key != LABEL}
    limits = {key: value for key, value in inspected["HostConfig"].items() if value}
    endpoints: dict[str, Any] = {name: {} for name in _networks(inspected)}
    return {
        **config,
        "name": inspected["Name"].removeprefix("/"),
        "Labels": labels,
        "HostConfig": limits,
        "NetworkingConfig": {"EndpointsConfig": endpoints},
    }


def _network_as_created(inspected: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("Name", "Driver", "EnableIPv6", "IPAM", "Options", "Labels", "Internal")
    return {key: inspected[key] for key in kept if inspected.get(key)}
