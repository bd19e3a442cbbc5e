"""What is k3d's own of a cluster of containers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.cluster.containers.maker import Argv, Leftovers, Maker
from tui.cluster.k3d.config import as_k3d_reads_it, host_ports, installs_network, with_mirrors
from tui.cluster.k3d.logs import export_logs
from tui.cluster.k3d.output import K3dOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path, PurePath

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.reporter import Reporter

_TELLING = 10  # lines of what a node printed


class K3d(Maker):
    """Makes clusters of k3s, behind a load balancer that publishes their ports."""

    name = "k3d"
    cluster_label = "k3d.cluster"
    role_label = "k3d.role"
    roles = MappingProxyType(
        {"server": "control-plane", "agent": "worker", "loadbalancer": "external-load-balancer"}
    )
    containerd = ("cat", "/var/lib/rancher/k3s/agent/etc/containerd/config.toml")
    # Without colours its lines have another form.
    environment = MappingProxyType({"LOG_COLORS": "true", "LOG_LEVEL": "info"})
    waits_for_nodes = True
    restarts = True

    def create(self, cluster: str, image: str | None, config: PurePath | None, kubeconfig: PurePath) -> Argv:
        """See `Maker`."""
        argv = ["k3d", "cluster", "create", cluster]
        argv += ["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"]
        argv.append("--no-rollback")  # which would take what nodes say of their end with them
        argv += ["--image", image] if image else []
        return (*argv, *(("--config", str(config)) if config else ()))

    def delete(self, cluster: str) -> Argv:
        """See `Maker`."""
        return "k3d", "cluster", "delete", cluster

    def kubeconfig(self, cluster: str) -> Argv:
        """See `Maker`."""
        return "k3d", "kubeconfig", "get", cluster

    def export_kubeconfig(self, cluster: str, path: Path) -> str:
        """See `Maker`."""
        return f"k3d kubeconfig merge {cluster} --output {path}"

    def load(self, cluster: str, image: str) -> Argv:
        """See `Maker`."""
        return "k3d", "image", "import", "--cluster", cluster, image

    def start(self, cluster: str) -> Argv:
        """See `Maker`: it starts servers first, and has nodes and CoreDNS know the host's address."""
        return "k3d", "cluster", "start", cluster

    def stop(self, cluster: str) -> Argv:
        """See `Maker`."""
        return "k3d", "cluster", "stop", cluster

    def output(self, report: Reporter, on_nodes: Callable[[], None] | None = None) -> K3dOutput:
        """See `Maker`."""
        return K3dOutput(self, report, on_nodes)

    def configure(self, spec: ClusterSpec, mirrors: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """See `Maker`."""
        return with_mirrors(as_k3d_reads_it(spec.config, spec.directory), mirrors), ()

    def host_ports(self, config: str) -> list[tuple[str, int]]:
        """See `Maker`."""
        return host_ports(config)

    def installs_network(self, config: str) -> bool:
        """See `Maker`."""
        return installs_network(config)

    async def last_words(self, api: EngineApi, node: Node) -> Sequence[str]:
        """See `Maker`."""
        return await api.last_lines(node.id, _TELLING)

    def leftovers(self, cluster: str) -> Leftovers:
        """See `Maker`."""
        return (f"networks/k3d-{cluster}", "app=k3d"), (f"volumes/k3d-{cluster}-images", "app=k3d")

    async def export_logs(
        self, cluster: str, host: Host, nodes: Sequence[Node], directory: Path | None, report: Reporter
    ) -> str:
        """See `Maker`: k3d has no command for it."""
        return await export_logs(cluster, host, nodes, directory, report)
