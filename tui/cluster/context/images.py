"""Getting images into a cluster that stands, by what it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.clients.kubernetes.api import open_api
from tui.cluster.containers.load import deliver as load_into_nodes
from tui.cluster.containers.makers import MAKERS
from tui.cluster.containers.nodes import find_nodes as find_containers
from tui.cluster.context.reach import reach
from tui.errors import ActionError, BringupError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter


async def find_nodes(cluster: Cluster, host: Host) -> list[Node]:
    """See `tui.cluster.provider.Provider`: those that are containers of the host's engine."""
    if made := _as_made(cluster):
        with contextlib.suppress(BringupError):
            return await find_containers(made, host)
    return []


async def deliver(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    if (made := _as_made(cluster)) and await find_nodes(cluster, host):
        return await load_into_nodes(made, host, images, report)
    if await _has_nodes_engine(cluster, host):
        return Done("the cluster runs on the container engine that has them", changed=False)
    raise ActionError(
        f"there is no way for images into the cluster of context {cluster.context!r}: it runs on another"
        " engine, and tells of no registry",
        "name one that its nodes pull from: `cluster: {registry: HOST}`",
    )


async def _has_nodes_engine(cluster: Cluster, host: Host) -> bool:
    """Return whether the cluster has one node, which runs what the host's container engine has.

    So it is with Docker Desktop, Colima and OrbStack, and with Minikube after `minikube docker-env`.
    """
    await reach(cluster, host)
    async with open_api(cluster.kubeconfig, cluster.context) as api:
        nodes = (await api.get("/api/v1/nodes"))["items"]
    async with connect(await host.engine()) as engine:
        name = str((await engine.info()).get("Name") or "")
    runtimes = [each["status"]["nodeInfo"]["containerRuntimeVersion"] for each in nodes]
    own = [each["metadata"]["name"] for each in nodes] == [name.lower()]
    return own and runtimes[0].startswith("docker://")


def _as_made(cluster: Cluster) -> Cluster | None:
    """Return a cluster by the name that its maker knows it by; None if its context is no maker's."""
    for name, maker in MAKERS.items():
        prefix = maker.context("")
        if cluster.context.startswith(prefix):
            own_name = cluster.context.removeprefix(prefix)
            return cluster.model_copy(update={"provider": name, "name": own_name})
    return None
