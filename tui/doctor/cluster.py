"""How the plan's Kind cluster stands."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from tui.doctor.finding import Finding
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.doctor.engine import Container
    from tui.hosts.host import Host
    from tui.plan.model import Cluster

_CHECK = "cluster"


def nodes_of(cluster: str, containers: Sequence[Container]) -> list[Container]:
    """The containers that are a cluster's nodes, running or not."""
    return [each for each in containers if each.cluster == cluster]


def judge_cluster(cluster: str, nodes: Sequence[Container], fault: ActionError | None = None) -> Finding:
    """Whether a cluster is absent, healthy, stopped or broken, by what `kind.create` makes of each.

    Args:
        cluster: Its name.
        nodes: Its node containers, running or not.
        fault: Why its API server cannot be used, if it cannot.
    """
    if not nodes:
        return Finding(_CHECK, "ok", f"there is no cluster {cluster} yet")
    stopped = ", ".join(f"{node.name} is {node.state}" for node in nodes if not node.runs)
    if stopped and len(nodes) == 1:
        text = f"cluster {cluster} is stopped: {stopped}"
        return Finding(_CHECK, "warning", text, "the next `bringup up` starts it again")
    if not stopped and fault is None:
        count = f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}"
        return Finding(_CHECK, "ok", f"cluster {cluster} is healthy: {count}, the API server is ready")
    anew = f"make room for a new one: `bringup down` or `kind delete cluster --name {cluster}`"
    why, hint = (fault.cause, fault.hint) if fault else (stopped, "")
    text = f"cluster {cluster} is broken: {why}"
    return Finding(_CHECK, "fault", text, f"{hint}; else {anew}" if hint else anew)


async def open_way(host: Host, cluster: Cluster) -> None:
    """Makes sure that a cluster on another machine can be asked from here.

    Raises:
        BringupError: There is no way to it.
    """
    if not host.shares_loopback:
        access = await asyncio.to_thread(importlib.import_module, "tui.cluster.kind.reach")
        await access.reach(host, cluster, lambda *_: None)


async def examine_cluster(
    cluster: str, kubeconfig: Path, containers: Sequence[Container], patience: float
) -> Finding:
    """Looks at a cluster's nodes and, where they run, asks its API server.

    Args:
        cluster: The cluster's name.
        kubeconfig: Its kubeconfig file.
        containers: The engine's containers, running or not.
        patience: Seconds that the API server may take.
    """
    nodes = nodes_of(cluster, containers)
    if not nodes or not all(node.runs for node in nodes):
        return judge_cluster(cluster, nodes)
    export = f"`kind export kubeconfig --name {cluster} --kubeconfig {kubeconfig}`"
    if not await asyncio.to_thread(kubeconfig.exists):
        text = f"cluster {cluster} runs, but its kubeconfig {kubeconfig} is missing"
        return Finding(_CHECK, "warning", text, f"the next `bringup up` writes it, or {export}")
    try:
        ready = await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.ready")
        await ready.ask_ready(kubeconfig, patience)
    except ActionError as error:
        return judge_cluster(cluster, nodes, error)
    except ConnectionError as error:
        hint = f"if it is only that the kubeconfig is an earlier cluster's, {export}"
        return judge_cluster(cluster, nodes, ActionError(str(error), hint))
    return judge_cluster(cluster, nodes)
