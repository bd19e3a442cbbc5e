"""A cluster of containers without containers: an engine that lists its nodes, a program, an API server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doctor.peers import serving
from tui.cluster.containers.makers import MAKERS
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KUBECONFIG = """\
apiVersion: v1
clusters: [{{name: {context}, cluster: {{server: "{server}"}}}}]
contexts: [{{name: {context}, context: {{cluster: {context}, user: {user}}}}}]
current-context: {context}
kind: Config
users: [{{name: {user}, user: {{token: own}}}}]
"""
USERS = {"kind": "kind-demo", "k3d": "admin@k3d-demo"}
NODES = {
    "kind": {"control-plane": "demo-control-plane", "worker": "demo-worker"},
    "k3d": {"control-plane": "k3d-demo-server-0", "worker": "k3d-demo-agent-0"},
}
"""What each provider calls the nodes of cluster demo, by their roles."""

KIND = """\
case "$1" in
version) echo kind v0.33.0;;
get) cat "$here/kubeconfig-of-kind";;
create)
  touch "$here/made"
  for each; do [ "$last" = --kubeconfig ] && cp "$here/kubeconfig-of-kind" "$each"; last=$each; done;;
delete) DELETE;;
esac
"""
# As k3d's documentation and source have it: what it says, what it takes, where it says it.
K3D = """\
say() { printf '\\033[%dm%s\\033[0m[0000] %-44s\\n' "$1" "$2" "$3"; }
fatal() { say 31 FATA "$1" >&2; exit 1; }
case "$1 $2" in
"version ") printf 'k3d version v5.8.3\\nk3s version v1.31.5-k3s1 (default)\\n';;
"kubeconfig get")
  [ "$3" = demo ] || fatal "No nodes found for given cluster"
  echo ---; cat "$here/kubeconfig-of-k3d";;
"cluster create")
  name=$3; shift 3
  [ ${#name} -le 32 ] || fatal "Cluster name must be <= 32 characters, but has ${#name}"
  while [ $# -gt 0 ]; do
    case "$1" in
    --kubeconfig-update-default=false|--kubeconfig-switch-context=false|--no-rollback|--wait) ;;
    --image) shift;;
    --config) shift; case "$1" in *.yaml|*.yml) ;; *) fatal "Unsupported Config Type";; esac
      grep -q '^apiVersion: k3d.io/\\|"apiVersion": "k3d.io/' "$1" || fatal "Schema Validation failed";;
    *) echo "Error: unknown flag: $1" >&2; fatal "unknown flag: $1";;
    esac
    shift
  done
  say 36 INFO "Prep: Network"; say 36 INFO "Created image volume k3d-$name-images"
  say 36 INFO "Creating node 'k3d-$name-server-0'"
  say 36 INFO "Pulling image 'docker.io/rancher/k3s:v1.31.5-k3s1'"
  say 36 INFO "Creating LoadBalancer 'k3d-$name-serverlb'"
  touch "$here/made"
  say 36 INFO "Starting cluster '$name'"; say 36 INFO "Starting servers..."
  if [ -f "$here/fails" ]; then
    say 31 ERRO "$(cat "$here/fails")" >&2
    fatal "Cluster creation FAILED, rollback deactivated."
  fi
  [ ! -f "$here/hangs" ] || sleep 60
  say 36 INFO "Cluster '$name' created successfully!"; echo kubectl cluster-info;;
"cluster delete") DELETE;;
"cluster stop") touch "$here/stopped"; say 36 INFO "Stopped cluster '$3'";;
"cluster start") rm -f "$here/stopped"; say 36 INFO "Started cluster '$3'";;
*) echo "Error: unknown command" >&2; exit 1;;
esac
"""
PROGRAMS = {"kind": KIND, "k3d": K3D}


def container(
    name: str, role: str = "control-plane", state: str = "running", provider: str = "kind", **more: Any
) -> dict[str, Any]:
    """A node as the engine lists it, of a role as `Node` has it, or of another that its provider has."""
    maker = MAKERS[provider]
    own = {ours: theirs for theirs, ours in maker.roles.items()}.get(role, role)
    labels = {maker.cluster_label: "demo", maker.role_label: own}
    return {"Id": name, "Names": [f"/{name}"], "State": state, "Labels": labels, "Ports": [], **more}


def ready(name: str, status: str = "True", message: str = "kubelet is ready") -> dict[str, Any]:
    """A node as the API server has it."""
    condition = {"type": "Ready", "status": status, "message": message}
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


@dataclass
class Peer:
    """What the peers answer; both can be changed while they run.

    Attributes:
        provider: Whose cluster it is.
        variables: With which they are found.
        host: The host that has them.
        made: A file that the program makes with the cluster and removes with it.
        calls: The file that the program writes its arguments into.
        engine: The engine's answers by path.
        api: The API server's.
    """

    provider: str
    variables: dict[str, str]
    host: LocalHost
    made: Path
    calls: Path
    engine: dict[str, tuple[int, object]] = field(default_factory=dict)
    api: dict[str, tuple[int, object]] = field(default_factory=dict)

    def name(self, role: str = "control-plane") -> str:
        """What the provider calls a node of a role."""
        return NODES[self.provider][role]

    def node(self, role: str = "control-plane", state: str = "running") -> dict[str, Any]:
        """A node of a role as the engine lists it."""
        return container(self.name(role), role, state, self.provider)

    def nodes(self, *containers: dict[str, Any]) -> None:
        """Have the engine list some containers."""
        self.engine["/containers/json"] = (200, list(containers))

    def nodes_while_made(self, *containers: dict[str, Any]) -> None:
        """Have the engine list some containers while the cluster is there, as its program makes it."""
        self.engine["/containers/json"] = (200, lambda: list(containers) if self.made.exists() else [])

        def remove() -> dict[str, str]:
            self.made.unlink(missing_ok=True)
            return {}

        self.engine |= {f"DELETE /containers/{each['Id']}": (200, remove) for each in containers}

    def members(self, *nodes: dict[str, Any]) -> None:
        """Have the API server list some nodes."""
        self.api["/api/v1/nodes"] = (200, {"items": list(nodes)})


@asynccontextmanager
async def peer(directory: Path, delete: str = "", provider: str = "kind") -> AsyncIterator[Peer]:
    """Serve a cluster.

    Args:
        directory: Where the programs are.
        delete: What the program does in place of deleting, as shell.
        provider: Whose program it is.
    """
    engine: dict[str, tuple[int, object]] = {
        "/version": (200, {"Version": "99", "ApiVersion": "1.41"}),
        "/containers/json": (200, []),
    }
    api: dict[str, tuple[int, object]] = {"/readyz": (200, "ok"), "/api/v1/nodes": (200, {"items": []})}
    async with serving(engine) as engine_url, serving(api) as server:
        kubeconfig = KUBECONFIG.format(server=server, context=f"{provider}-demo", user=USERS[provider])
        await asyncio.to_thread(_write_programs, directory, kubeconfig, delete, provider)
        variables = {
            "DOCKER_HOST": engine_url.replace("http", "tcp"),
            "PATH": f"{directory}/bin:/usr/bin:/bin",
            "HOME": str(directory),
        }
        host = LocalHost(variables, directory / "cache")
        yield Peer(provider, variables, host, directory / "made", directory / "calls", engine, api)


def _write_programs(directory: Path, kubeconfig: str, delete: str, provider: str) -> None:
    (directory / "bin").mkdir()
    (directory / f"kubeconfig-of-{provider}").write_text(kubeconfig)
    body = PROGRAMS[provider].replace("DELETE", delete or 'rm -f "$here/made"')
    programs = {
        provider: f'here={directory}\necho "$@" >>{directory}/calls\n{body}',
        "docker": "echo Docker version 99\n",
    }
    for name, text in programs.items():
        path = directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
