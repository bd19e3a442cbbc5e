"""A Kind cluster without containers: an engine that lists its nodes, a `kind`, an API server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doctor.peers import serving
from tui.cluster.kind.nodes import CLUSTER, ROLE
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KUBECONFIG = """\
apiVersion: v1
clusters: [{{name: kind-demo, cluster: {{server: "{server}"}}}}]
contexts: [{{name: kind-demo, context: {{cluster: kind-demo, user: kind-demo}}}}]
current-context: kind-demo
kind: Config
users: [{{name: kind-demo, user: {{token: own}}}}]
"""


def container(name: str, role: str = "control-plane", state: str = "running", **more: Any) -> dict[str, Any]:
    """A node as the engine lists it."""
    labels = {CLUSTER: "demo", ROLE: role}
    return {"Id": name, "Names": [f"/{name}"], "State": state, "Labels": labels, "Ports": [], **more}


def ready(name: str, status: str = "True", message: str = "kubelet is ready") -> dict[str, Any]:
    """A node as the API server has it."""
    condition = {"type": "Ready", "status": status, "message": message}
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


@dataclass
class Peer:
    """What the peers answer; both can be changed while they run.

    Attributes:
        variables: With which they are found.
        host: The host that has them.
        made: A file that `kind create` makes and `kind delete` removes.
        calls: The file that `kind` writes its arguments into.
        engine: The engine's answers by path.
        api: The API server's.
    """

    variables: dict[str, str]
    host: LocalHost
    made: Path
    calls: Path
    engine: dict[str, tuple[int, object]] = field(default_factory=dict)
    api: dict[str, tuple[int, object]] = field(default_factory=dict)

    def nodes(self, *containers: dict[str, Any]) -> None:
        """Have the engine list some containers."""
        self.engine["/containers/json"] = (200, list(containers))

    def nodes_while_made(self, *containers: dict[str, Any]) -> None:
        """Have the engine list some containers from `kind create` to `kind delete`."""
        self.engine["/containers/json"] = (200, lambda: list(containers) if self.made.exists() else [])

    def members(self, *nodes: dict[str, Any]) -> None:
        """Have the API server list some nodes."""
        self.api["/api/v1/nodes"] = (200, {"items": list(nodes)})


@asynccontextmanager
async def peer(directory: Path, delete: str = "") -> AsyncIterator[Peer]:
    """Serve a cluster.

    Args:
        directory: Where the programs are.
        delete: What `kind delete` does, as shell, in place of deleting.
    """
    engine: dict[str, tuple[int, object]] = {
        "/version": (200, {"Version": "99", "ApiVersion": "1.41"}),
        "/containers/json": (200, []),
    }
    api: dict[str, tuple[int, object]] = {"/readyz": (200, "ok"), "/api/v1/nodes": (200, {"items": []})}
    async with serving(engine) as engine_url, serving(api) as server:
        await asyncio.to_thread(_write_kind, directory, KUBECONFIG.format(server=server), delete)
        variables = {
            "DOCKER_HOST": engine_url.replace("http", "tcp"),
            "PATH": f"{directory}/bin:/usr/bin:/bin",
            "HOME": str(directory),
        }
        host = LocalHost(variables, directory / "cache")
        yield Peer(variables, host, directory / "made", directory / "calls", engine, api)


def _write_kind(directory: Path, kubeconfig: str, delete: str) -> None:
    (directory / "bin").mkdir()
    (directory / "kubeconfig-of-kind").write_text(kubeconfig)
    program = directory / "bin" / "kind"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{directory}/calls\n'
        f'case "$1" in version) echo kind v0.33.0;; get) cat {directory}/kubeconfig-of-kind;; '
        f"create) touch {directory}/made; for each; do "
        f'[ "$last" = --kubeconfig ] && cp {directory}/kubeconfig-of-kind "$each"; last=$each; done;; '
        f"delete) {delete or f'rm -f {directory}/made'};; esac\n"
    )
    program.chmod(0o755)
    docker = directory / "bin" / "docker"
    docker.write_text("#!/bin/sh\necho Docker version 99\n")
    docker.chmod(0o755)
