"""What is k3d's own of a cluster of containers, with a program that behaves as k3d is documented to."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.actions.engines import BASE, NODE, need_image, running
from tests.actions.recorder import Recorder
from tests.cluster.peer import Peer, container, peer, ready
from tui.clients.engine_api import connect
from tui.cluster.containers.provider import (
    await_nodes,
    create,
    delete,
    deliver,
    export_logs,
    find_nodes,
    kubeconfig_of,
)
from tui.cluster.k3d.config import as_k3d_reads_it, host_ports, installs_network, with_mirrors
from tui.cluster.k3d.maker import K3d
from tui.cluster.provider import ClusterSpec
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SERVER = "k3d-demo-server-0"
HEAD = "apiVersion: k3d.io/v1alpha5\nkind: Simple\n"


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(name="demo", provider="k3d", kubeconfig=tmp_path / "own" / "kubeconfig")


@pytest.fixture(autouse=True)
async def client() -> None:
    """Importing it takes longer than the tests wait."""
    await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Peer]:
    async with peer(tmp_path, provider="k3d") as made:
        made.members(ready(SERVER))
        yield made


@pytest.fixture
def report(tmp_path: Path, cluster: Cluster, there: Peer) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster, host=there.host)


def removable(there: Peer) -> list[str]:
    """Have the engine remove what it is told to, and remember that."""
    removed: list[str] = []

    def remove(path: str) -> dict[str, str]:
        removed.append(path)
        if path == "container":
            there.made.unlink(missing_ok=True)
        return {}

    there.engine[f"DELETE /containers/{SERVER}"] = (200, lambda: remove("container"))
    for path in ("/networks/k3d-demo", "/volumes/k3d-demo-images"):
        there.engine[f"GET {path}"] = (200, {"Labels": {"app": "k3d"}})
        there.engine[path] = (200, lambda path=path: remove(path))
    return removed


async def test_a_cluster_is_created_as_the_documentation_says(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    tools = container("k3d-demo-tools", "noRole", provider="k3d")
    lb = container("k3d-demo-serverlb", "external-load-balancer", provider="k3d")
    there.nodes_while_made(there.node(), lb, tools)
    spec = ClusterSpec(f"{HEAD}ports: [{{port: '18080:80'}}]\n", "rancher/k3s:v1.31.5-k3s1")
    assert (await create(cluster, there.host, spec, report)).note == "created cluster demo"
    called = (await asyncio.to_thread(there.calls.read_text)).splitlines()
    assert called[0].startswith("cluster create demo --kubeconfig-update-default=false ")
    assert "--image rancher/k3s:v1.31.5-k3s1 --config " in called[0]
    assert called[1] == "kubeconfig get demo"
    spans = [(span.name, span.subject) for span in report.spans]
    assert ("Creating node", SERVER) in spans
    assert all(span.closed for span in report.spans)
    assert "Creating LoadBalancer 'k3d-demo-serverlb'" in " ".join(text for _, text in report.lines)
    assert not [text for _, text in report.lines if "\x1b" in text or text.endswith(" ")]
    made = yaml.safe_load(await asyncio.to_thread(cluster.kubeconfig.read_text))
    assert (made["current-context"], made["users"][0]["name"]) == ("k3d-demo", "admin@k3d-demo")
    assert [node.name for node in await find_nodes(cluster, there.host)] == [SERVER, "k3d-demo-serverlb"]


async def test_a_creation_that_fails_tells_what_its_nodes_said_and_leaves_nothing(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    why = f"Failed Cluster Start: Failed to start server {SERVER}: Node {SERVER} failed to get ready"
    await asyncio.to_thread(there.made.with_name("fails").write_text, why)
    there.nodes_while_made(there.node())
    removed = removable(there)
    there.engine[f"/containers/{SERVER}/json"] = (200, {"Config": {"Tty": True}})
    fatal = 'time="2026-01-02" level=fatal msg="failed to find memory cgroup (v2)"'
    there.engine[f"/containers/{SERVER}/logs"] = (200, f"starting k3s\n{fatal}\n")
    with pytest.raises(ActionError) as caught:
        await create(cluster, there.host, ClusterSpec(), report)
    assert caught.value.cause == f"cluster demo could not be created (at 'Starting servers'): {why}"
    assert "cgroup version" in caught.value.hint
    assert caught.value.details[-1] == f"{SERVER}: {fatal}"
    left = ["/networks/k3d-demo", "/volumes/k3d-demo-images"]
    assert removed[:3] == [*left, "container"]  # what an earlier creation may have left goes first
    assert [each for each in removed[3:] if each != "container"] == left
    assert not (await delete(cluster, there.host, report)).changed
    assert removed[-2:] == left
    assert not await asyncio.to_thread(cluster.kubeconfig.exists)


async def test_a_creation_that_does_not_end_is_given_up_and_leaves_nothing(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    await asyncio.to_thread(there.made.with_name("hangs").touch)
    there.nodes_while_made(there.node())
    removed = removable(there)
    with pytest.raises(ActionError, match=r"a node was not ready after 0\.2 s"):
        await create(cluster, there.host, ClusterSpec(wait=0.2), report)
    assert removed[-1] == "/volumes/k3d-demo-images"


DAEMON = "Error response from daemon: "


@pytest.mark.parametrize(
    ("said", "cause", "hint"),
    [
        (
            "ERRO[0003] Failed Cluster Start: Failed to add one or more helper nodes: runtime failed to start"
            f" node 'k3d-demo-serverlb': {DAEMON}driver failed: Bind for 0.0.0.0:8080 failed: port is already"
            " allocated\nERRO[0003] Failed to create cluster >>> Rolling Back",
            "driver failed: Bind for 0.0.0.0:8080 failed: port is already allocated",
            "free the host port",
        ),
        (
            "ERRO[0001] failed Cluster Creation: docker failed to pull image 'rancher/k3s:no':"
            f" {DAEMON}manifest for rancher/k3s:no not found: manifest unknown",
            "manifest for rancher/k3s:no not found: manifest unknown",
            "check the image's name and tag",
        ),
        (
            "FATA[0000] Schema Validation failed for config file k3d.yaml: - ports.0.port: Invalid type.",
            "Schema Validation failed for config file k3d.yaml: - ports.0.port: Invalid type.",
            "k3d's configuration",
        ),
        ("Error: unknown flag: --no\nFATA[0000] unknown flag: --no", "unknown flag: --no", "upgrade k3d"),
        (
            "FATA[0000] Failed to create cluster 'demo' because a cluster with that name already exists",
            "Failed to create cluster 'demo' because a cluster with that name already exists",
            "k3d cluster delete",
        ),
        ("", "k3d exited with status 1", ""),
    ],
)
def test_what_k3d_says_of_a_failure_is_told_with_what_helps(
    tmp_path: Path, said: str, cause: str, hint: str
) -> None:
    output = K3d().output(Recorder(folder=tmp_path, cache=tmp_path))
    output.take(said.splitlines())
    error = output.failure("it failed", 1)
    assert error.cause == f"it failed: {cause}"
    assert hint in error.hint if hint else not error.hint


async def test_without_a_cluster_there_is_no_kubeconfig(cluster: Cluster, there: Peer) -> None:
    with pytest.raises(ActionError, match="k3d cannot give the kubeconfig of cluster other"):
        await kubeconfig_of(cluster.model_copy(update={"name": "other"}), there.host)


@pytest.mark.parametrize(
    ("ports", "taken"),
    [
        ("8080:80", [("", 8080)]),
        ("127.0.0.1:8080:80/tcp", [("127.0.0.1", 8080)]),
        ("'[::1]:8080:80'", [("::1", 8080)]),
        ("8000-8002:8000-8002", [("", 8000), ("", 8001), ("", 8002)]),
        ("8080:30", [("", 8080)]),  # a number of YAML 1.1
        ("53:53/udp", []),
        ("80", []),
        ("127.0.0.1::80", []),
        ("$PORT:80", []),
    ],
)
def test_the_ports_that_a_configuration_takes(ports: str, taken: list[tuple[str, int]]) -> None:
    assert host_ports(f"{HEAD}ports:\n- port: {ports}\n  nodeFilters: [loadbalancer]\n") == taken


def test_the_ports_of_the_api_and_of_a_registry_are_taken_too() -> None:
    api = 'kubeAPI: {hostIP: 127.0.0.1, hostPort: "6550"}\n'
    registry = 'registries: {create: {name: r, hostPort: "5000"}}\n'
    assert host_ports(HEAD + api + registry) == [("127.0.0.1", 6550), ("0.0.0.0", 5000)]
    assert host_ports(f"{HEAD}kubeAPI: {{hostPort: random}}\nports: {{}}") == host_ports("") == []
    for text, says in {"{": "not YAML", "[1]": "not a mapping"}.items():
        with pytest.raises(ActionError, match=says):
            host_ports(text)


def test_what_is_added_to_a_configuration(tmp_path: Path) -> None:
    assert with_mirrors("", {}) == as_k3d_reads_it("", tmp_path) == ""
    own = f"{HEAD}registries:\n  config: |\n    mirrors:\n      other: {{endpoint: [http://o]}}\n"
    for config, names in {"": ["localhost:5001"], own: ["localhost:5001", "other"]}.items():
        made = yaml.safe_load(with_mirrors(config, {"localhost:5001": "http://demo-registry:5000"}))
        assert made["kind"] == "Simple"
        mirrors = yaml.safe_load(made["registries"]["config"])["mirrors"]
        assert sorted(mirrors) == names
        assert mirrors["localhost:5001"] == {"endpoint": ["http://demo-registry:5000"]}
    with pytest.raises(ActionError, match=r"names a file of registries, r\.yaml"):
        with_mirrors(f"{HEAD}registries: {{config: r.yaml}}", {"localhost:5001": "http://r:5000"})
    files = f"{HEAD}files:\n- {{source: a.yaml, destination: /a}}\n- source: |\n    b\n  destination: /b\n"
    assert yaml.safe_load(as_k3d_reads_it("kubeAPI: {hostPort: 6550}", tmp_path))["kubeAPI"] == {
        "hostPort": "6550"
    }
    sources = [each["source"] for each in yaml.safe_load(as_k3d_reads_it(files, tmp_path))["files"]]
    assert sources == [str(tmp_path / "a.yaml"), "b\n"]


def test_a_cluster_without_flannel_has_no_network() -> None:
    arguments = "options: {k3s: {extraArgs: [{arg: --flannel-backend=none, nodeFilters: ['server:*']}]}}"
    assert installs_network(HEAD)
    assert not installs_network(f"{HEAD}{arguments}")


DOCKER = """\
case "$1" in
logs) echo "log of $2";;
cp)
  case "$2" in
  *none*) echo "no such path" >&2; exit 1;;
  *pods) mkdir -p "$3/pods";;
  *) touch "$3/containerd.log";;
  esac;;
esac
"""


async def test_logs_are_exported_by_the_engine_s_command(
    cluster: Cluster, there: Peer, report: Recorder, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "docker"
    await asyncio.to_thread(program.write_text, f"#!/bin/sh\n{DOCKER}")
    lb = container("k3d-demo-serverlb", "external-load-balancer", provider="k3d")
    there.nodes(there.node(), lb)
    to = tmp_path / "the logs"
    assert (await export_logs(cluster, there.host, to, report)).note == f"exported to {to}"
    found = await asyncio.to_thread(lambda: {str(path.relative_to(to)) for path in to.glob("*/*")})
    assert found == {
        *(f"{SERVER}/{name}" for name in ("containerd.log", "node.log", "pods")), "k3d-demo-serverlb/node.log"
    }  # fmt: skip
    there.nodes(container("none", provider="k3d"))
    with pytest.raises(ActionError, match="could not all be exported"):
        await export_logs(cluster, there.host, to, report)


# Over a real engine: its containers have k3d's names and labels, and a real containerd in them.

REAL = """\
say() { printf '%s[0000] %s\\n' "$1" "$2"; }
[ "$1 $2" = "cluster create" ] || exit 1
labels="--label app=k3d --label k3d.cluster=$3" node=k3d-$3-server-0
docker network create --label app=k3d k3d-$3 && docker volume create $labels k3d-$3-images || exit 1
run="docker create $labels --network k3d-$3 --volume k3d-$3-images:/k3d/images"
say INFO "Creating node '$node'"
$run --label k3d.role=server --name $node --privileged --tmpfs /run --tmpfs /tmp --volume /var NODE || exit 1
$run --label k3d.role=noRole --name k3d-$3-tools BASE sleep 100 || exit 1
say INFO "Starting cluster '$3'"
docker start $node k3d-$3-tools || exit 1
until [ -e "$here/fails" ]; do sleep 0.1; done
say ERRO "Failed Cluster Start: Node $node failed to get ready"
exit 1
"""


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with running("docker") as environment:
        for image in (NODE, BASE):
            need_image(image)
        yield environment


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_containers_take_images_while_they_start_and_nothing_of_them_is_left(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    name = f"bringup-{uuid.uuid4().hex[:8]}"
    program = f"#!/bin/sh\nhere={tmp_path}\n{REAL.replace('NODE', NODE).replace('BASE', BASE)}"
    await asyncio.to_thread((tmp_path / "k3d").write_text, program)
    await asyncio.to_thread((tmp_path / "k3d").chmod, 0o755)
    host = LocalHost({**environment, "PATH": f"{tmp_path}:{environment['PATH']}"}, tmp_path / "cache")
    cluster = Cluster(name=name, provider="k3d", kubeconfig=tmp_path / "kubeconfig")
    report = Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster, host=host)
    creating = asyncio.create_task(create(cluster, host, ClusterSpec(wait=60), report))
    try:
        await asyncio.wait_for(await_nodes(cluster, host), 60)
        assert [node.name for node in await find_nodes(cluster, host)] == [f"k3d-{name}-server-0"]
        assert (await deliver(cluster, host, {BASE: host}, report)).changed
        assert not (await deliver(cluster, host, {BASE: host}, report)).changed
        assert not [text for _, text in report.lines if "could not be streamed" in text]
    finally:
        await asyncio.to_thread((tmp_path / "fails").touch)
        with pytest.raises(ActionError, match="failed to get ready"):
            await creating
    async with connect(await host.engine()) as api:
        assert await api.containers(f"k3d.cluster={name}") == []
    for argv in (("network", "ls"), ("volume", "ls")):
        listed = await asyncio.to_thread(subprocess.check_output, ("docker", *argv), text=True)
        assert name not in listed
