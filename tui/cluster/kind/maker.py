"""What is kind's own of a cluster of containers."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.cluster.containers.maker import Argv, Maker
from tui.cluster.kind.config import api_address, host_ports, installs_network, with_patches
from tui.cluster.kind.last_words import WHY, is_final, readable
from tui.cluster.kind.output import KindOutput
from tui.cluster.kind.quick_start import lacks_ranges, with_quick_start
from tui.plan.kind_config import OF_REGISTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path, PurePath

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.reporter import Reporter

_HOSTS = "/etc/containerd/certs.d"
_OLD_WAY = re.compile(r"\.registry\.(?:mirrors|configs)\b")
_TELLING = 3  # lines of what a node that has ended printed


def _registries(config: str, mirrors: Mapping[str, str]) -> str:
    """Return the patch by which nodes find registries; containerd takes one way or the other, not both."""
    lines: list[str] = []
    for plugin in OF_REGISTRIES:
        table = f'plugins."{plugin}".registry'
        if _OLD_WAY.search(config):
            for address, url in mirrors.items():
                lines += [f'[{table}.mirrors."{address}"]', f'  endpoint = ["{url}"]']
        else:
            lines += [f"[{table}]", f'  config_path = "{_HOSTS}"']
    return "\n".join((*lines, ""))


class Kind(Maker):
    """Makes clusters by kubeadm, in nodes with systemd."""

    name = "kind"
    cluster_label = "io.x-k8s.kind.cluster"
    role_label = "io.x-k8s.kind.role"
    roles = MappingProxyType({each: each for each in ("control-plane", "worker", "external-load-balancer")})
    containerd = ("containerd", "config", "dump")
    data = "/var"
    writes_kubeconfig = True

    def create(self, cluster: str, image: str | None, config: PurePath | None, kubeconfig: PurePath) -> Argv:
        """See `Maker`."""
        # Its own `--wait` would start kubectl in the node without a pause, while that boots.
        argv = ["kind", "create", "cluster", "--name", cluster]
        argv.append("--retain")  # or nobody could ask its nodes why they do not start
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
            config = with_patches(config, "containerdConfigPatches", [_registries(config, mirrors)])
        return config, told

    def api_address(self, config: str) -> str:
        """See `Maker`."""
        return api_address(config)

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

    async def last_words(self, api: EngineApi, node: Node) -> Sequence[str]:
        """See `Maker`."""
        if not node.running:
            return await api.last_lines(node.id, _TELLING)
        _, said = await api.run_in(node.id, WHY)
        return [readable(line) for line in said.splitlines()]

    def is_final(self, said: str) -> bool:
        """See `Maker`."""
        return is_final(said)

    async def export_logs(
        self, cluster: str, host: Host, nodes: Sequence[Node], directory: Path | None, report: Reporter
    ) -> str:
        """See `Maker`: where it is given no directory, kind makes one."""
        output = self.output(report)
        to = [str(directory)] if directory else []
        argv = ("kind", "export", "logs", *to, "--name", cluster)
        await output.carry_out(f"the logs of cluster {cluster} could not all be exported", argv, host)
        return str(directory or (output.lines[-1] if output.lines else ""))
