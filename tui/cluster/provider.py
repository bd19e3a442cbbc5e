"""What a provider of clusters does, and how a plan's is found.

A provider is a module with the functions of `Provider`: one for clusters that stand, and one for those whose
nodes are containers, whatever program makes them.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, cast

from tui.errors import ActionError
from tui.hosts.ports import meet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Done, Reporter


class Port(NamedTuple):
    """A TCP port of the host that a container publishes.

    Attributes:
        address: The host's address that it is published at; empty for all.
        number: The port.
        inside: The container's port that it leads to.
    """

    address: str
    number: int
    inside: int


@dataclass(frozen=True, slots=True)
class Node:
    """A container of the engine that is a node of a cluster, or none's.

    Attributes:
        id: The container's id.
        name: The container's name, which is the node's too.
        state: `running`, `exited`, `paused`, ….
        cluster: The cluster's name; empty for a container that is no node.
        role: `control-plane`, `worker` or `external-load-balancer`.
        ports: The ports that it publishes while it runs.
    """

    id: str
    name: str
    state: str = "running"
    cluster: str = ""
    role: str = ""
    ports: tuple[Port, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        return self.state == "running"

    @property
    def runs_pods(self) -> bool:
        """Whether pods can run on it."""
        return self.role in ("control-plane", "worker")


class Restoration(NamedTuple):
    """What a cluster is to be restored from.

    Attributes:
        snapshot: The snapshot.
        must: Whether nothing else will do; else the cluster is made anew where it cannot be restored.
    """

    snapshot: Snapshot
    must: bool


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """What a cluster is to be like.

    Attributes:
        config: The provider's own configuration, as text; empty for its defaults.
        image: The image of its nodes; None for the provider's default.
        wait: Seconds that its control plane, and then its other nodes, may take to become ready.
        directory: Where relative paths of the configuration begin.
        restoration: What it is restored from; None if it is made anew.
    """

    config: str = ""
    image: str | None = None
    wait: float = 120.0
    directory: Path = Path()
    restoration: Restoration | None = None


@dataclass(frozen=True, slots=True)
class PortUse:
    """Who holds a host port that a cluster is to publish.

    Attributes:
        port: The port.
        holder: Who holds it; empty if it is free.
        own: Whether that is the cluster itself.
        remedy: How to free it.
        address: The host's address that it is to be published at; empty for all.
    """

    port: int
    holder: str = ""
    own: bool = False
    remedy: str = ""
    address: str = ""

    def meets(self, other: PortUse) -> bool:
        """Return whether two clusters cannot both have it."""
        return meet((self.address, self.port), (other.address, other.port))


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a cluster.

    Attributes:
        state: `absent`; `stopped` if it can be started again; `unreachable` if it runs but its kubeconfig
            does not lead to it; `ready`.
        text: A sentence that says so.
        hint: What to do about it.
    """

    state: Literal["absent", "stopped", "unreachable", "ready"]
    text: str
    hint: str = ""


class Provider(Protocol):
    """Creates, finds and deletes clusters of one sort on a host."""

    def context_of(self, cluster: Cluster) -> str:
        """Return the name of a cluster's context in its kubeconfig."""

    async def create(self, cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter) -> Done:
        """Create a cluster, or adopt a healthy one of that name.

        A creation that fails or is cancelled leaves nothing behind.

        Raises:
            ActionError: It cannot be created, or the one that is there is not healthy.
        """

    async def await_nodes(self, cluster: Cluster, host: Host) -> None:
        """Wait until the nodes of a cluster that this process is creating, or about to, can take images.

        Raises:
            ActionError: The container engine cannot be asked.
        """

    async def take_snapshot(self, cluster: Cluster, host: Host, wanted: Snapshot) -> Snapshot:
        """Take a snapshot of a cluster. The cluster stands still while its data is copied, and then goes on.

        Args:
            cluster: The cluster.
            host: Its host.
            wanted: The snapshot, but for what is known of the node only once it has been taken.

        Raises:
            ActionError: It cannot be taken; nothing is left of it.
        """

    async def delete(self, cluster: Cluster, host: Host, report: Reporter) -> Done:
        """Delete a cluster, if there is one, and its entries in the kubeconfig.

        Of a cluster that stands, only what carries the label of the plan's owner is deleted.

        Raises:
            ActionError: It could not be deleted; the cause says what is left.
        """

    async def stop(self, cluster: Cluster, host: Host, report: Reporter) -> Done:
        """Stop a cluster, if there is one, so that `create` starts it again.

        Raises:
            ActionError: It could not be started again, or does not stop.
        """

    async def deliver(
        self, cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter
    ) -> Done:
        """Load images into the nodes that do not have them.

        Args:
            cluster: The cluster.
            host: Its host.
            images: The hosts whose engines have the images, by the images' names.
            report: Takes output and progress.

        Raises:
            ActionError: An image is not in its engine, there is no cluster, or an image could not be loaded.
        """

    async def reach(self, cluster: Cluster, host: Host, *, anew: bool = False) -> Mapping[int, int]:
        """Make sure that a cluster can be reached from here by its kubeconfig.

        Args:
            cluster: The cluster.
            host: Its host.
            anew: Write the kubeconfig and open the forwards even if the kubeconfig seems to lead there.

        Returns:
            The ports here that now lead to ports of the host, by those; none where the host is this machine.

        Raises:
            ActionError: There is no such cluster, or the kubeconfig cannot be written.
        """

    async def kubeconfig_of(self, cluster: Cluster, host: Host) -> str:
        """Return a kubeconfig that leads to a cluster from its own host.

        Raises:
            ActionError: There is no such cluster.
        """

    async def export_logs(self, cluster: Cluster, host: Host, directory: Path, report: Reporter) -> Done:
        """Export the logs of a cluster's nodes, its system and its pods.

        Args:
            cluster: The cluster.
            host: Its host.
            directory: Where to, if the host shares our files; else to a directory there.
            report: Takes output.

        Raises:
            ActionError: There is no cluster, or not all could be exported.
        """

    async def find_nodes(self, cluster: Cluster, host: Host) -> list[Node]:
        """Return a cluster's nodes, also those that do not run; none if there is no cluster."""

    async def examine(self, cluster: Cluster, host: Host, patience: float) -> Condition:
        """Return a cluster's condition.

        Args:
            cluster: The cluster.
            host: Its host.
            patience: Seconds that its API server may take to answer.

        Raises:
            ActionError: It is broken.
        """

    async def examine_ports(self, cluster: Cluster, host: Host, config: str) -> list[PortUse]:
        """Look who holds the host ports that a configuration takes.

        Raises:
            ActionError: The configuration cannot be used.
        """


async def provider_of(cluster: Cluster) -> Provider:
    """Return the provider of a plan's cluster; its module is imported when it is first needed."""
    module = f"tui.cluster.{'context' if cluster.stands else 'containers.provider'}"
    return cast("Provider", await asyncio.to_thread(importlib.import_module, module))


async def read_config(config: Path | Mapping[str, Any] | None, variables: Mapping[str, Any]) -> str:
    """Return a provider's configuration as text, that of a file with its `${…}` filled in.

    Raises:
        ActionError: It cannot be read.
        PlanError: A reference leads nowhere.
    """
    from tui.plan.substitute import fill_text

    if not isinstance(config, Path):
        return json.dumps(config) if config else ""  # which YAML reads too
    try:
        text = await asyncio.to_thread(config.read_text, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise ActionError(f"the cluster's configuration {config} cannot be read: {error}") from error
    return fill_text(text, variables, str(config))
