"""The way to a cluster of containers: its kubeconfig, and over SSH the forwards that lead to it."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.clients.engine_api import connect
from tui.clients.kubernetes.kubeconfig import read_access
from tui.clients.kubernetes.ready import ask_ready
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import api_port, find_nodes
from tui.cluster.kubeconfig_file import merge_kubeconfig
from tui.errors import ActionError
from tui.hosts.host import at
from tui.hosts.ports import ANYWHERE, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.provider import Port
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

_PATIENCE = 2.0  # seconds for an API server to answer over another process's forward
_AUTHORITY = re.compile(r"certificate-authority-data: (\S+)")  # each cluster has its own
_SERVER = re.compile(r"^(?P<margin> *)server: (?P<url>\S+) *$", re.MULTILINE)
_CONTAINER = re.compile("[0-9a-f]{12}")
_LOOPBACK = "127.0.0.1"
_CERTIFIED = (_LOOPBACK, "localhost")  # what the certificate of an API server on loopback names


def context_of(cluster: Cluster) -> str:
    """See `tui.cluster.provider.Provider`."""
    return maker_of(cluster).context(cluster.name)


async def check_way(cluster: Cluster, host: Host, config: str) -> None:
    """Make sure that a cluster of this machine's container engine could be called from here.

    Raises:
        ActionError: It could not.
    """
    engine, address = await host.engine(), maker_of(cluster).api_address(config)
    if engine.elsewhere and is_loopback(address):
        raise ActionError(
            f"the engine of {engine.found} is on {engine.elsewhere}, where cluster {cluster.name} could be"
            f" called at {address} alone",
            "set `networking: {apiServerAddress: 0.0.0.0}` in Kind's configuration, so that it is called at"
            f" {engine.elsewhere}",
        )
    name = socket.gethostname()  # of a container it is the beginning of its id, unless it was given one
    if not host.shares_loopback or not _CONTAINER.fullmatch(name):
        return
    async with connect(engine) as api:
        ours = next((each for each in await api.containers() if str(each["Id"]).startswith(name)), None)
    if ours is not None and (ours.get("HostConfig") or {}).get("NetworkMode") != "host":
        raise ActionError(
            f"bringup runs in a container, from whose own loopback cluster {cluster.name} could not"
            " be called",
            "start that container with the machine's network: `--network host`",
        )


async def reach(cluster: Cluster, host: Host, *, anew: bool = False) -> Mapping[int, int]:
    """See `tui.cluster.provider.Provider`."""
    if host.shares_loopback and not anew:
        return {}
    await host.connect()
    if not anew and await _leads_there(cluster, host):
        return {}
    return await lead(cluster, host, await kubeconfig_of(cluster, host))


async def lead(cluster: Cluster, host: Host, text: str) -> Mapping[int, int]:
    """Make a cluster reachable from here.

    Args:
        cluster: The cluster.
        host: Its host.
        text: A kubeconfig that leads to it from its host.

    Returns:
        The ports here that lead to ports of the host, as `reach` does.

    Raises:
        ActionError: There is no such cluster, or the kubeconfig cannot be written.
    """
    if host.shares_loopback:
        text = _callable(text, (await host.engine()).elsewhere)
        await asyncio.to_thread(merge_kubeconfig, cluster.kubeconfig, text, context_of(cluster))
        return {}
    nodes = [node for node in await find_nodes(cluster, host) if node.running]
    server = api_port(nodes)
    if server is None:
        raise ActionError(f"no cluster {cluster.name} runs{at(host)}", "run a `cluster.create` step first")
    forwards = {port.number: await _forward(port, host) for node in nodes for port in node.ports}
    text = _called_at(text, _LOOPBACK, forwards[server])
    await asyncio.to_thread(merge_kubeconfig, cluster.kubeconfig, text, context_of(cluster))
    return forwards


async def _forward(port: Port, host: Host) -> int:
    return await host.forward(port.number, _LOOPBACK if port.address in ANYWHERE else port.address)


def _callable(text: str, machine: str = "") -> str:
    """Return a kubeconfig whose server has an address to call, where it has one to listen at.

    Args:
        text: The kubeconfig.
        machine: The name of the machine that the server is on; its user's own if empty.
    """
    found = _SERVER.search(text)
    listens = found is not None and urlsplit(found["url"]).hostname in ANYWHERE
    return _called_at(text, machine or _LOOPBACK) if listens else text


def _called_at(text: str, machine: str, port: int | None = None) -> str:
    """Return a kubeconfig whose server is called at another machine, and its own port if there is none."""

    def there(found: re.Match[str]) -> str:
        url = urlsplit(found["url"])
        name = f"[{machine}]" if ":" in machine else machine
        line = f"{found['margin']}server: https://{name}:{port or url.port}"
        if machine in _CERTIFIED and url.hostname in _CERTIFIED:
            return line
        # Of kind's clusters the certificate names the address at which the server listens, but for this.
        return f"{line}\n{found['margin']}tls-server-name: localhost"

    return _SERVER.sub(there, text)


async def _leads_there(cluster: Cluster, host: Host) -> bool:
    """Return whether the kubeconfig leads to this very cluster, by this process's forward or another's."""
    context = context_of(cluster)
    try:
        access = await asyncio.to_thread(read_access, cluster.kubeconfig, context)
        if urlsplit(access.server).port in host.forwards:
            return True
        await ask_ready(cluster.kubeconfig, _PATIENCE, context)
    except (ActionError, ConnectionError, ValueError):
        return False
    # A cluster here may have the same name and file.
    there = _AUTHORITY.findall(await kubeconfig_of(cluster, host))
    return [base64.b64decode(each) for each in there] == [access.authority]


async def kubeconfig_of(cluster: Cluster, host: Host) -> str:
    """See `tui.cluster.provider.Provider`."""
    lines: list[str] = []  # not told: they hold keys
    maker, engine = maker_of(cluster), await host.engine()
    env = {**engine.environment, **maker.environment}
    if await host.run(maker.kubeconfig(cluster.name), on_lines=lines.extend, env=env):
        cause = f"{maker.name} cannot give the kubeconfig of cluster {cluster.name}"
        raise ActionError(cause, "", tuple(lines[-3:]))
    start = next((at for at, line in enumerate(lines) if line.startswith("apiVersion:")), 0)
    text = "\n".join((*lines[start:], ""))
    return _callable(text, engine.elsewhere)
