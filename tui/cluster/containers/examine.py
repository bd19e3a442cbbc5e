"""The condition of a cluster of containers, by its nodes and its API server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from tui.clients.kubernetes.ready import ask_ready
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import find_nodes
from tui.cluster.containers.reach import context_of, reach
from tui.cluster.kubeconfig_file import contexts
from tui.cluster.provider import Condition
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


class BrokenError(ActionError):
    """A cluster is there, but cannot be used."""


def judge(cluster: Cluster, nodes: Sequence[Node]) -> Literal["absent", "stopped", "running"]:
    """Return a cluster's condition, by its nodes alone.

    Raises:
        BrokenError: It is broken.
    """
    if not nodes:
        return "absent"
    if not any(node.role == "control-plane" for node in nodes):
        raise broken(cluster, "it has no control-plane node")
    if unborn := [node for node in nodes if node.state == "created"]:
        raise broken(cluster, f"node {unborn[0].name} was never started, as its creation was cut off")
    down = [node for node in nodes if not node.running]
    stopped = [node for node in down if node.state != "paused"]
    # Addresses may have changed, and etcd's members with them.
    if stopped and len(nodes) > 1 and not maker_of(cluster).restarts:
        raise broken(cluster, f"node {stopped[0].name} is {stopped[0].state}")
    return "stopped" if down else "running"


def broken(cluster: Cluster, reason: str, hint: str = "", details: tuple[str, ...] = ()) -> BrokenError:
    """Return the error that a cluster is broken."""
    anew = f"make room for a new one: `bringup down` or `{' '.join(maker_of(cluster).delete(cluster.name))}`"
    cause = f"cluster {cluster.name} is broken: {reason}"
    return BrokenError(cause, f"{hint}; else {anew}" if hint else anew, details)


async def examine(cluster: Cluster, host: Host, patience: float) -> Condition:
    """See `tui.cluster.provider.Provider`."""
    name, nodes = f"cluster {cluster.name}", await find_nodes(cluster, host)
    state = judge(cluster, nodes)
    if state == "absent":
        return Condition("absent", f"there is no {name} yet")
    if state == "stopped":
        down = ", ".join(f"{node.name} is {node.state}" for node in nodes if not node.running)
        hint = "the next `bringup up` starts it again"
        return Condition("stopped", f"{name} is stopped: {down}", hint)
    await reach(cluster, host)
    kubeconfig, context = cluster.kubeconfig, context_of(cluster)
    export = f"`{maker_of(cluster).export_kubeconfig(cluster.name, kubeconfig)}`"
    if context not in await asyncio.to_thread(contexts, kubeconfig):
        text = f"{name} runs, but the kubeconfig {kubeconfig} does not lead to it"
        return Condition("unreachable", text, f"the next `bringup up` writes it, or {export}")
    try:
        await ask_ready(kubeconfig, patience, context)
    except ActionError as error:
        raise broken(cluster, error.cause, error.hint) from error
    except ConnectionError as error:
        hint = f"if it is only that the kubeconfig is an earlier cluster's, {export}"
        raise broken(cluster, str(error), hint) from error
    count = f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}"
    return Condition("ready", f"{name} is healthy: {count}, the API server is ready")
