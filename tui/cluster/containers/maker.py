"""What is a maker's own: its program's commands, its labels, its configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path, PurePath

    from tui.clients.engine_api import EngineApi
    from tui.cluster.containers.output import Output
    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.reporter import Reporter

Argv = tuple[str, ...]
Leftovers = tuple[tuple[str, str], ...]
"""Networks and volumes by the engine's paths, `networks/NAME`, each with the label that its maker gives."""


class Maker(ABC):
    """A program that makes clusters of the engine's containers.

    Attributes:
        name: What the program is called; its clusters' contexts begin with it.
        cluster_label: The label under which it writes the cluster's name on a container.
        role_label: The label under which it writes a container's role.
        roles: What `Node.role` calls its roles; a container of another role is no node.
        containerd: What tells in a node how its containerd is set up.
        environment: Variables that its program gets.
        writes_kubeconfig: Whether a creation writes a kubeconfig where it is told to.
        waits_for_nodes: Whether a creation waits until nodes are ready, for however long that takes.
        data: Where a node keeps all that is not of its image; empty where that is not in one place.
        restarts: Whether its program starts clusters of several nodes again.
    """

    name: ClassVar[str]
    cluster_label: ClassVar[str]
    role_label: ClassVar[str]
    roles: ClassVar[Mapping[str, str]]
    containerd: ClassVar[Argv]
    environment: ClassVar[Mapping[str, str]] = {}
    data: ClassVar[str] = ""
    writes_kubeconfig: ClassVar[bool] = False
    waits_for_nodes: ClassVar[bool] = False
    restarts: ClassVar[bool] = False

    def context(self, cluster: str) -> str:
        """Return what it calls a cluster's context."""
        return f"{self.name}-{cluster}"

    @abstractmethod
    def create(self, cluster: str, image: str | None, config: PurePath | None, kubeconfig: PurePath) -> Argv:
        """Return the command that creates a cluster.

        Args:
            cluster: Its name.
            image: The image of its nodes; None for its own default.
            config: The file with its configuration; None if there is none.
            kubeconfig: A file that it may write its kubeconfig to, and nowhere else.
        """

    @abstractmethod
    def delete(self, cluster: str) -> Argv:
        """Return the command that deletes a cluster; it is given a kubeconfig of its own as KUBECONFIG."""

    @abstractmethod
    def kubeconfig(self, cluster: str) -> Argv:
        """Return the command that prints a cluster's kubeconfig."""

    @abstractmethod
    def export_kubeconfig(self, cluster: str, path: Path) -> str:
        """Return the command that writes a cluster's kubeconfig into a file, as a user gives it."""

    @abstractmethod
    def load(self, cluster: str, image: str) -> Argv:
        """Return the command that loads an image into a cluster's nodes."""

    def start(self, cluster: str) -> Argv:
        """Return the command that starts a cluster again, if it `restarts`."""
        raise NotImplementedError

    def stop(self, cluster: str) -> Argv:
        """Return the command that stops a cluster, if it `restarts`."""
        raise NotImplementedError

    @abstractmethod
    def output(self, report: Reporter, on_nodes: Callable[[], None] | None = None) -> Output:
        """Return what reads the output of a run of its program.

        Args:
            report: Takes the lines.
            on_nodes: Called when all containers that are nodes are there.
        """

    @abstractmethod
    def configure(self, spec: ClusterSpec, mirrors: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Return the configuration that a cluster is made with, and what to tell of what was added to it.

        Args:
            spec: What the cluster is to be like.
            mirrors: The URLs of the registries that nodes are to find, by how images in them are named.

        Raises:
            ActionError: What the user wrote cannot be used.
        """

    def api_address(self, config: str) -> str:
        """Return the host's address at which a cluster's API server listens; empty for all.

        Raises:
            ActionError: The configuration cannot be used.
        """
        return ""

    @abstractmethod
    def host_ports(self, config: str) -> list[tuple[str, int]]:
        """Return the TCP addresses and ports of the host that a configuration takes.

        Raises:
            ActionError: It cannot be used.
        """

    @abstractmethod
    def installs_network(self, config: str) -> bool:
        """Return whether it installs a pod network, without which nodes do not become ready."""

    def lacks_ranges(self, config: str, image: str | None) -> bool:
        """Return whether nodes get the ranges of their pods from us."""
        return False

    def lead_to_registry(self, address: str, url: str) -> Argv:
        """Return the command that tells a node of a registry; empty where its configuration does.

        Args:
            address: How images in it are named.
            url: Where nodes find it.
        """
        return ()

    @abstractmethod
    async def last_words(self, api: EngineApi, node: Node) -> Sequence[str]:
        """Return the last that a node that does not start has said, what tells most of it last."""

    def is_final(self, said: str) -> bool:
        """Return whether a node that said so never starts."""
        return False

    def leftovers(self, cluster: str) -> Leftovers:
        """Return what a creation makes beside containers, which those do not take with them."""
        return ()

    @abstractmethod
    async def export_logs(
        self, cluster: str, host: Host, nodes: Sequence[Node], directory: Path | None, report: Reporter
    ) -> str:
        """Export the logs of a cluster.

        Args:
            cluster: Its name.
            host: Its host.
            nodes: Its nodes.
            directory: Where to; None for a new directory of the host's.
            report: Takes output.

        Returns:
            Where they are.

        Raises:
            ActionError: Not all could be exported.
        """
