"""What is kind's own of a cluster of containers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.cluster.containers.maker import Argv, Maker
from tui.cluster.kind.config import host_ports, installs_network, with_patches
from tui.cluster.kind.output import KindOutput
from tui.cluster.kind.quick_start import lacks_ranges, with_quick_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path, PurePath

    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.reporter import Reporter

_HOSTS = "/etc/containerd/certs.d"
_PATCH = f"""\
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{_HOSTS}"
"""


class Kind(Maker):
    """Makes clusters by kubeadm, in nodes with systemd."""

    name = "kind"
    cluster_label = "io.x-k8s.kind.cluster"
    role_label = "io.x-k8s.kind.role"
    roles = MappingProxyType({each: each for each in ("control-plane", "worker", "external-load-balancer")})
    containerd = ("containerd", "config", "dump")
    writes_kubeconfig = True

    def create(self, cluster: str, image: str | None, config: PurePath | None, kubeconfig: PurePath) -> Argv:
        """See `Maker`."""
        # Its own `--wait` would start kubectl in the node without a pause, while that boots.
        argv = ["kind", "create", "cluster", "--name", cluster]
        # Kind itself would fail after all its work where the real file is locked.
        argv += ["--kubeconfig", str(kubeconfig)]
        argv += ["--image", image] if image else []
        return (*argv, *(("--config", str(config)) if config else ()))

    def delete(self, cluster: str) -> Argv:
        """See `Maker`."""
        return "kind", "delete", "cluster", "--name", cluster

    def kubeconfig(self, cluster: str) -> Argv:
        """See `Maker`."""
        return "kind", "get", "kubeconfig", "--name", cluster

    def export_kubeconfig(self, cluster: str, path: Path) -> str:
        """See `Maker`."""
        return f"kind export kubeconfig --name {cluster} --kubeconfig {path}"

    def load(self, cluster: str, image: str) -> Argv:
        """See `Maker`."""
        return "kind", "load", "docker-image", image, "--name", cluster

    def output(self, report: Reporter, on_nodes: Callable[[], None] | None = None) -> KindOutput:
        """See `Maker`."""
        return KindOutput(self, report, on_nodes)

    def configure(self, spec: ClusterSpec, mirrors: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """See `Maker`: with a quick start, and a directory in which nodes look for registries."""
        config, told = with_quick_start(spec.config, spec.image)
        if mirrors and "config_path" not in config:
            config = with_patches(config, "containerdConfigPatches", [_PATCH])
        return config, told

    def host_ports(self, config: str) -> list[tuple[str, int]]:
        """See `Maker`."""
        return host_ports(config)

    def installs_network(self, config: str) -> bool:
        """See `Maker`."""
        return installs_network(config)

    def lacks_ranges(self, config: str, image: str | None) -> bool:
        """See `Maker`."""
        return lacks_ranges(config, image)

    def lead_to_registry(self, address: str, url: str) -> Argv:
        """See `Maker`."""
        directory = f"{_HOSTS}/{address}"
        script = f"mkdir -p {directory} && printf '%s\\n' '[host.\"{url}\"]' > {directory}/hosts.toml"
        return "sh", "-c", script

    async def export_logs(
        self, cluster: str, host: Host, nodes: Sequence[Node], directory: Path | None, report: Reporter
    ) -> str:
        """See `Maker`: where it is given no directory, kind makes one."""
        output = self.output(report)
        to = [str(directory)] if directory else []
        argv = ("kind", "export", "logs", *to, "--name", cluster)
        await output.carry_out(f"the logs of cluster {cluster} could not all be exported", argv, host)
        return str(directory or (output.lines[-1] if output.lines else ""))
