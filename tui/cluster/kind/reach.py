"""The way to a cluster: its kubeconfig, and over SSH the ports that lead to it."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.clients.kubernetes.ready import ask_ready
from tui.cluster.kind.nodes import find_nodes
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.actions.context import Context
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

    Told = Callable[[Host, int, int], None]

_PATIENCE = 2.0  # seconds for an API server to answer over another process's way
_AUTHORITY = re.compile(r"certificate-authority-data: (\S+)")  # each cluster has its own
_SERVER = re.compile(r"^(\s*server: )(\S+)\s*$", re.MULTILINE)


def telling(ctx: Context) -> Told:
    """Tells of forwards in a step's log."""
    return lambda host, port, local: ctx.log(f"127.0.0.1:{local} leads to port {port} of {host.name}")


async def _write_kubeconfig(host: Host, cluster: Cluster, api_port: int | None = None) -> None:
    """Writes a cluster's kubeconfig, as kind gives it.

    Args:
        host: Where the cluster runs.
        cluster: The cluster.
        api_port: The port of this machine that leads to its API server, where that is not the server's own.

    Raises:
        ActionError: Kind does not give it.
    """
    text = await _kubeconfig(host, cluster)
    if api_port is not None:
        text = _SERVER.sub(rf"\g<1>https://127.0.0.1:{api_port}", text)
    await asyncio.to_thread(_store, cluster.kubeconfig, text)


async def _kubeconfig(host: Host, cluster: Cluster) -> str:
    lines: list[str] = []  # not told: they hold keys
    engine = await host.engine()
    argv = ("kind", "get", "kubeconfig", "--name", cluster.name)
    if await host.run(argv, on_lines=lines.extend, env=engine.environment):
        raise ActionError(f"kind cannot give the kubeconfig of cluster {cluster.name}", "", tuple(lines[-3:]))
    start = next((at for at, line in enumerate(lines) if line.startswith("apiVersion:")), 0)
    return "\n".join(lines[start:]) + "\n"


async def reach(host: Host, cluster: Cluster, told: Told) -> None:
    """Makes sure that a cluster on another machine can be reached from here.

    All ports that it publishes are forwarded, and its kubeconfig points at the forward of its API server,
    unless it leads there already, by this process's doing or by another's that goes on.

    Args:
        host: Where the cluster runs; if that is here, there is nothing to do.
        cluster: The cluster.
        told: Is told of each forward: the host, the port there, the port here.

    Raises:
        ActionError: There is no such cluster, or kind does not give its kubeconfig.
    """
    if host.shares_loopback:
        return
    await host.connect()
    if await asyncio.to_thread(_server_port, cluster.kubeconfig) in host.forwards:
        return
    if not await _leads_there(host, cluster):
        await reach_anew(host, cluster, told)


async def _leads_there(host: Host, cluster: Cluster) -> bool:
    """Whether the kubeconfig leads to this very cluster: one here may have the same name and file."""
    try:
        await ask_ready(cluster.kubeconfig, _PATIENCE)
    except (ActionError, ConnectionError):
        return False
    here = await asyncio.to_thread(cluster.kubeconfig.read_text, encoding="utf-8")
    return _AUTHORITY.findall(here) == _AUTHORITY.findall(await _kubeconfig(host, cluster))


async def reach_anew(host: Host, cluster: Cluster, told: Told) -> None:
    """Writes the kubeconfig of a cluster that stands, and over SSH opens the ways to it; see `reach`."""
    if host.shares_loopback:
        await _write_kubeconfig(host, cluster)
        return
    engine = await host.engine()
    async with engine.client() as docker:
        nodes = [node for node in await find_nodes(docker, cluster.name) if node.running]
    api_port = next((node.api_port for node in nodes if node.api_port), None)
    if api_port is None:
        raise ActionError(
            f"no cluster {cluster.name} runs at {host.name}", "have a `kind.create` step run before this one"
        )
    for port in sorted(frozenset[int]().union(*(node.ports for node in nodes))):
        local = await host.forward(port)
        told(host, port, local)
    await _write_kubeconfig(host, cluster, await host.forward(api_port))


def _server_port(kubeconfig: Path) -> int | None:
    """The port of the API server that a kubeconfig names, if there is one."""
    try:
        found = _SERVER.search(kubeconfig.read_text(encoding="utf-8"))
        return urlsplit(found[2]).port if found else None
    except (OSError, ValueError):
        return None


def _store(path: Path, text: str) -> None:
    """Writes a file that is never, at any time, anybody else's to read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
