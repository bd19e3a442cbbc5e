"""Whether the host ports that the plan's Kind configuration maps can be had."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from tui.doctor.finding import Finding, joined
from tui.hosts.ports import ANYWHERE, taken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.doctor.engine import Container
    from tui.hosts.host import Host
    from tui.plan.model import Plan


def publisher(address: str, port: int, containers: Sequence[Container]) -> Container | None:
    """The container that publishes a TCP port where an address would meet it."""
    for container in containers:
        for ip, number in container.ports:
            if number == port and (ip == address or ip in ANYWHERE or address in ANYWHERE):
                return container
    return None


def judge_port(port: int, cluster: str, publishes: Container | None, *, taken: bool, process: str) -> Finding:
    """Whether a port can be had, or is the plan's own cluster's already.

    Args:
        port: The port.
        cluster: The name of the plan's cluster.
        publishes: The running container that publishes it, if one does.
        taken: Whether somebody listens on it.
        process: Who that is, if that is known.
    """
    if publishes is not None:
        owner = publishes.cluster
        if owner and owner == cluster:
            return Finding("ports", "ok", f"{port} is held by cluster {owner}")
        who = f"cluster {owner}" if owner else f"container {publishes.name}"
        stop = f"delete it with `kind delete cluster --name {owner}`" if owner else "stop that container"
        return Finding("ports", "fault", f"{port} is held by {who}", f"{stop}, or have the plan take another")
    if not taken:
        return Finding("ports", "ok", f"{port} is free")
    stop = "stop it" if process else f"find it with `sudo ss -lntp 'sport = :{port}'`"
    text = f"{port} is held by {process or 'another program'}"
    return Finding("ports", "fault", text, f"{stop}, or have the plan take another")


async def examine_ports(
    plan: Plan, host: Host, config: Path | None, containers: Sequence[Container]
) -> Finding:
    """Tries each host port of a Kind configuration.

    Args:
        plan: Whose variables fill the configuration in, and whose cluster may hold the ports.
        host: Where the cluster is to run.
        config: The configuration's file, if there is one.
        containers: What runs in the engine, as far as it answers.

    Raises:
        BringupError: The configuration cannot be read.
    """
    kind = await asyncio.to_thread(importlib.import_module, "tui.cluster.kind.config")
    wanted: list[tuple[str, int]] = kind.host_ports(await kind.read_config(config, plan.variables))
    if not wanted:
        return Finding("ports", "ok", "the plan maps none of its machine's")
    cluster = plan.cluster.name if plan.cluster else ""
    publishers = {port: publisher(address, port, containers) for address, port in wanted}
    # Asked of the engine first: a published port need not have a listener of its own.
    busy = await taken(host, [pair for pair in wanted if publishers[pair[1]] is None])
    found = [
        judge_port(port, cluster, publishers[port], taken=port in busy, process=busy.get(port, ""))
        for _, port in wanted
    ]
    return joined("ports", found)
