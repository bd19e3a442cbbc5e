"""Restoring a cluster from a snapshot, as far as that its node can be started."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tui.clients.engine_errors import EngineRefusedError
from tui.cluster.containers.nodes import API_PORT
from tui.cluster.snapshots.copying import WITHIN, Volume, copy, volume_of
from tui.cluster.snapshots.snapshot import LABEL
from tui.hosts.ports import taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.clients.engine_api import EngineApi
    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host import Host
    from tui.reporter import Reporter


async def put_back(api: EngineApi, host: Host, snapshot: Snapshot, report: Reporter) -> None:
    """Create a snapshot's node again, which is not started.

    Args:
        api: The engine's API.
        host: The engine's host.
        snapshot: The snapshot.
        report: Takes output.

    Raises:
        ActionError: It cannot be created; a part of it may be left.
    """
    with report.span("create node", snapshot.node["name"]):
        for network in snapshot.networks:
            await _have_network(api, network)
        volume = await api.call("GET", f"volumes/{snapshot.volume}")
        body = await _on_free_ports(_with_new_volume(snapshot), snapshot, host)
        query = {"name": body.pop("name")}
        created = (await api.call("POST", "containers/create", query, body))["Id"]
        inspected = await api.inspect(created)
    with report.span("copy data", snapshot.cluster):
        source = Volume(snapshot.volume, PurePosixPath(volume["Mountpoint"]), WITHIN)
        await copy(api, snapshot.image, source, volume_of(inspected, snapshot.data))


async def _have_network(api: EngineApi, network: Mapping[str, Any]) -> None:
    """Create a network, unless there is one of its name."""
    try:
        await api.call("GET", f"networks/{network['Name']}")
    except EngineRefusedError as error:
        if error.status != 404:
            raise
        await api.call("POST", "networks/create", {}, {**network, "CheckDuplicate": True})


def _with_new_volume(snapshot: Snapshot) -> dict[str, Any]:
    """Return what is asked of the engine, with an empty volume that goes with the container."""
    labels = {**snapshot.node.get("Labels", {}), LABEL: snapshot.id}
    body: dict[str, Any] = {**snapshot.node, "Image": snapshot.image, "Labels": labels}
    body["Volumes"] = {path: {} for path in body.get("Volumes", {}) if path != snapshot.data}
    empty = {"Type": "volume", "Target": snapshot.data, "VolumeOptions": {"NoCopy": True}}
    limits = body["HostConfig"]
    others = [each for each in limits.get("Mounts", ()) if each["Target"] != snapshot.data]
    body["HostConfig"] = {**limits, "Mounts": [*others, empty]}
    return body


async def _on_free_ports(body: dict[str, Any], snapshot: Snapshot, host: Host) -> dict[str, Any]:
    """Return what is asked of the engine, with any free port where the API server's is taken by now."""
    ports: Mapping[str, Any] = body["HostConfig"].get("PortBindings", {})
    api_server = f"{API_PORT}/tcp"
    bound = [(each["HostIp"], int(each["HostPort"] or 0)) for each in ports.get(api_server, ())]
    if not await taken(host, [each for each in bound if each[1]]):
        return body
    free = [{"HostIp": address, "HostPort": ""} for address, _ in bound]
    limits = {**body["HostConfig"], "PortBindings": {**ports, api_server: free}}
    return {**body, "HostConfig": limits}
