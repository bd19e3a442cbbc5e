"""Getting images into a cluster that stands, by what it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.clients.kubernetes.api import open_api
from tui.cluster.context.reach import reach
from tui.cluster.kind import load
from tui.cluster.kind import nodes as kind_nodes
from tui.errors import ActionError, BringupError
from tui.hosts.host import at
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_KIND, _K3D = "kind-", "k3d-"  # begin the names of their contexts
_TOLD = 5  # lines of what a program said


async def find_nodes(cluster: Cluster, host: Host) -> list[Node]:
    """See `tui.cluster.provider.Provider`: those that are containers of the host's engine, as kind's are."""
    if cluster.context.startswith(_KIND):
        with contextlib.suppress(BringupError):
            return await kind_nodes.find_nodes(_as_kind(cluster), host)
    return []


async def deliver(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    if await find_nodes(cluster, host):
        return await load.deliver(_as_kind(cluster), host, images, report)
    if cluster.context.startswith(_K3D):
        return await _import(cluster, host, images, report)
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


async def _import(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """Have k3d load images into the nodes of its cluster.

    Raises:
        ActionError: It is not there, or fails; or images are on another host than the cluster.
    """
    if elsewhere := [name for name, source in images.items() if source is not host]:
        cause = f"{elsewhere[0]} was made on another host than that of cluster {cluster.context}"
        raise ActionError(cause, "name a registry: `cluster: {registry: HOST}`")
    names = ", ".join(images)
    argv = ("k3d", "image", "import", "--cluster", cluster.context.removeprefix(_K3D), *images)
    lines: list[str] = []

    def take(said: list[str]) -> None:
        lines.extend(said)
        report.log(said)

    try:
        with report.span("load", names):
            status = await host.run(argv, on_lines=take, env=(await host.engine()).environment)
    except (FileNotFoundError, PermissionError) as error:
        raise ActionError(f"k3d cannot be run{at(host)}", "install it: https://k3d.io") from error
    if status or any("ERRO" in line for line in lines):  # which it tells with status 0 too
        raise ActionError(f"k3d could not load {names}", "see what it said", tuple(lines[-_TOLD:]))
    return Done(f"loaded {names}")


def _as_kind(cluster: Cluster) -> Cluster:
    """Return a cluster by the name that kind knows it by."""
    return cluster.model_copy(update={"name": cluster.context.removeprefix(_KIND)})
