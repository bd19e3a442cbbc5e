"""The registry beside a cluster of containers that its nodes pull from, as kind documents one.

Its container is named after the cluster, and made and deleted with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from itertools import product
from typing import TYPE_CHECKING, Any

import yaml

from tui.clients.engine_api import connect
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.reach import context_of
from tui.errors import ActionError, BringupError
from tui.hosts.host import at
from tui.plan.registry import HOSTING, KEY, LocalRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_LABEL = "bringup.registry"
"""The label under which the cluster's name stands on its registry's container."""
_INSIDE = 5000  # the registry's port in its container
_TOLD = 5  # lines of what the container engine said
_HELP = "https://kind.sigs.k8s.io/docs/user/local-registry/"


def mirrors_of(cluster: Cluster) -> dict[str, str]:
    """Return where nodes find the cluster's own registry, by how images in it are named; empty if none."""
    if not isinstance(cluster.registry, LocalRegistry):
        return {}
    return {cluster.registry.address: f"http://{_name(cluster)}:{_INSIDE}"}


def spare_registry(cluster: Cluster, variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables by which nodes reach a cluster's own registry without a proxy.

    Args:
        cluster: The cluster.
        variables: Those of its host, whose proxies its nodes get.
    """
    proxies = (variables.get(name) for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"))
    if not mirrors_of(cluster) or not any(proxies):
        return {}
    spared = variables.get("NO_PROXY") or variables.get("no_proxy")
    return {"NO_PROXY": ",".join(filter(None, (spared, _name(cluster))))}


async def start_registry(cluster: Cluster, host: Host, report: Reporter) -> None:
    """Start a cluster's registry, if it has one of its own that does not run.

    Raises:
        ActionError: It cannot be started.
    """
    registry = cluster.registry
    if not isinstance(registry, LocalRegistry):
        return
    there = await _containers(cluster, host)
    if any(each["State"] == "running" for each in there):
        return
    await remove_registry(cluster, host)
    name = _name(cluster)
    report.log(f"starting registry {name}, which takes images at {registry.address}")
    options = ["--detach", "--restart=always", f"--name={name}", f"--label={_LABEL}={cluster.name}"]
    options.append(f"--publish=127.0.0.1:{registry.port}:{_INSIDE}")
    try:
        await _engine(host, "run", *options, registry.image)
    except ActionError as error:
        await remove_registry(cluster, host)  # it is there, but has not got its port
        hint = "free the port, or name another with `registry.port`; or an image that is here or can be had"
        raise ActionError(f"registry {name} cannot be started: {error.cause}", hint, error.details) from error


async def lead_to_registry(cluster: Cluster, host: Host, nodes: Sequence[Node]) -> None:
    """Have a cluster's nodes pull from its registry, if it has one of its own.

    Raises:
        ActionError: They cannot be told.
    """
    mirrors, name = mirrors_of(cluster), _name(cluster)
    if not mirrors:
        return
    commands = [command for each in mirrors.items() if (command := maker_of(cluster).lead_to_registry(*each))]
    async with connect(await host.engine()) as api:
        for node, command in product(nodes, commands):
            if node.runs_pods and (await api.run_in(node.id, command))[0]:
                raise ActionError(f"node {node.name} cannot be led to registry {name}")
        networks, theirs = [
            (await api.inspect(each))["NetworkSettings"]["Networks"] for each in (nodes[0].id, name)
        ]
    for network in networks:
        if network not in theirs:
            await _engine(host, "network", "connect", network, name)


async def tell_of_registry(cluster: Cluster) -> None:
    """Write into a cluster which registry it has, by KEP-1755, if that is its own.

    Raises:
        ActionError: The API server refuses, or does not answer.
    """
    if not isinstance(cluster.registry, LocalRegistry):
        return
    told = yaml.safe_dump({"host": cluster.registry.address, "help": _HELP})
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": HOSTING.rpartition("/")[2], "namespace": "kube-public"},
        "data": {KEY: told},
    }
    kubernetes = await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")  # takes long
    async with kubernetes.open_api(cluster.kubeconfig, context_of(cluster)) as api:
        await api.apply(HOSTING, body)


async def remove_registry(cluster: Cluster, host: Host) -> None:
    """Remove the registry that was made for a cluster, if there is one, with its images."""
    with contextlib.suppress(BringupError):
        there = await _containers(cluster, host)
        async with connect(await host.engine()) as api:
            await asyncio.gather(*(api.remove(each["Id"]) for each in there))


async def _containers(cluster: Cluster, host: Host) -> list[dict[str, Any]]:
    async with connect(await host.engine()) as api:
        return await api.containers(f"{_LABEL}={cluster.name}")


def _name(cluster: Cluster) -> str:
    return f"{cluster.name}-registry"


async def _engine(host: Host, *argv: str) -> None:
    """Run the container engine's command.

    Raises:
        ActionError: It fails.
    """
    engine = await host.engine()
    lines: list[str] = []
    try:
        status = await host.run((engine.flavour, *argv), on_lines=lines.extend, env=engine.environment)
    except (FileNotFoundError, PermissionError) as error:
        raise ActionError(f"the program {engine.flavour} cannot be run{at(host)}", "install it") from error
    if status:
        said = [line for line in lines if line.strip() and "--help" not in line]
        raise ActionError(said[-1] if said else f"status {status}", "", tuple(said[-_TOLD:]))
