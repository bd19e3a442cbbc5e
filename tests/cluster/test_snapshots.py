"""Snapshots of nodes: of a real engine's containers, and what is refused."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.actions.engines import BASE, need_image, running
from tests.actions.recorder import Recorder
from tests.cluster.peer import Peer, peer, ready
from tui.clients.engine_api import connect
from tui.cluster.containers.provider import create, find_nodes, take_snapshot
from tui.cluster.containers.restore import put_back
from tui.cluster.provider import ClusterSpec, Restoration
from tui.cluster.snapshots import snapshot as snapshots
from tui.cluster.snapshots.snapshot import Snapshot
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

WANTED = Snapshot("5e1f00d1", "shop", "demo", "infra", 1.0, 47.0, {"task cluster": "1"}, {})


def a_cluster(folder: Path, name: str = "demo", provider: str = "kind") -> Cluster:
    return Cluster.model_validate({"name": name, "kubeconfig": folder / "kubeconfig", "provider": provider})


@pytest.mark.parametrize(
    ("provider", "roles", "said"),
    [
        ("k3d", ["control-plane"], "snapshots are of clusters made by kind"),
        ("kind", ["control-plane", "worker"], "has 2 nodes: snapshots are of clusters of one node"),
        ("kind", [], "there is no cluster demo"),
    ],
)
async def test_a_snapshot_is_of_one_node_of_kind_s(
    tmp_path: Path, provider: str, roles: list[str], said: str
) -> None:
    async with peer(tmp_path, provider=provider) as there:
        there.nodes(*(there.node(role) for role in roles))
        with pytest.raises(ActionError, match=said):
            await take_snapshot(a_cluster(tmp_path, provider=provider), there.host, WANTED)


def made_by_kind(there: Peer) -> None:
    there.nodes_while_made(there.node())
    there.members(ready(there.name()))


async def test_a_cluster_is_made_anew_where_its_snapshot_cannot_be_restored(tmp_path: Path) -> None:
    async with peer(tmp_path) as there:
        made_by_kind(there)
        report = Recorder(folder=tmp_path, cache=tmp_path, host=there.host)
        wanted = replace(WANTED, node={"name": there.name(), "HostConfig": {}}, data="/var")
        spec = ClusterSpec(wait=5, restoration=Restoration(wanted, must=True))
        with pytest.raises(ActionError, match="no /volumes/bringup-snapshot-5e1f00d1"):
            await create(a_cluster(tmp_path), there.host, spec, report)
        spec = replace(spec, restoration=Restoration(wanted, must=False))
        done = await create(a_cluster(tmp_path), there.host, spec, report)
        assert done.note == "created cluster demo"
        assert "snapshot 5e1f00d1 cannot be restored, so the cluster is made anew" in report.warnings[0]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with running("docker") as environment:
        need_image(BASE)
        yield environment


@pytest.fixture
async def node(environment: dict[str, str]) -> AsyncIterator[str]:
    """A container that has a node's labels and its volume; it and its snapshots are gone after the test."""
    name = f"bringup-test-{uuid.uuid4().hex[:8]}"
    labels = {"io.x-k8s.kind.cluster": name, "io.x-k8s.kind.role": "control-plane"}
    options = [part for each in labels.items() for part in ("--label", "=".join(each))]
    options += ["--volume", "/var", "--publish", "127.0.0.1::6443", "--name", name]
    await docker(environment, "run", "--detach", *options, BASE, "sleep", "300")
    yield name
    host = LocalHost(environment)
    async with connect(await host.engine()) as api:
        await api.remove(name)
        for each in await snapshots.list_snapshots(api):
            if each.cluster == name:
                await snapshots.remove(api, each)


async def until(look: Callable[[], Awaitable[object]]) -> None:
    for _ in range(600):
        if await look():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


async def docker(environment: dict[str, str], *argv: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, ["docker", *argv], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LAYER = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs"
BLOB = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/1"
FILL = f"""\
set -e
mkdir -p {LAYER} $(dirname {BLOB}) '/var/odd ü'
head -c 3000000 /dev/zero > {BLOB}
echo layer > {LAYER}/file
echo data > '/var/odd ü/file'; chmod 4751 '/var/odd ü/file'; chown 1234:5678 '/var/odd ü/file'
ln -s nowhere /var/link; ln '/var/odd ü/file' /var/twin; mkfifo /var/pipe
echo rest > /root-file
"""
LOOK = """\
cd /var
find . -type d -printf '%p %M %U:%G\\n' -o -printf '%p %M %U:%G %s %l\\n' | sort
cat /root-file '/var/odd ü/file'
"""


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_a_node_is_the_same_again_and_shares_its_images(
    environment: dict[str, str], node: str, tmp_path: Path
) -> None:
    host = LocalHost(environment)
    cluster = a_cluster(tmp_path, node)
    await docker(environment, "exec", node, "sh", "-c", FILL)
    before = await docker(environment, "exec", node, "bash", "-c", LOOK)
    taken = await take_snapshot(cluster, host, replace(WANTED, id=node[-8:], cluster=node))
    assert taken.whole - taken.own >= 3_000_000  # the blob
    running = await docker(environment, "inspect", "--format", "{{.State.Status}}", node)
    assert running == "running\n"
    await docker(environment, "exec", node, "sh", "-c", "echo later > /var/later; rm /var/link")
    report = Recorder(folder=tmp_path, cache=tmp_path, host=host)
    async with connect(await host.engine()) as api:
        (found,) = [each for each in await snapshots.list_snapshots(api) if each.cluster == node]
        assert found == replace(taken, networks=found.networks)
        await api.remove(node)
        await put_back(api, host, found, report)
        await api.wake(node, paused=False)
        assert await docker(environment, "exec", node, "bash", "-c", LOOK) == before
        assert [span.name for span in report.spans] == ["create node", "copy data"]
        await docker(environment, "stop", "--time", "0", node)
        await snapshots.remove(api, found)  # which the restored node outlives
        assert not [each for each in await snapshots.list_snapshots(api) if each.cluster == node]
        await api.wake(node, paused=False)
        # It can be kept again, and what copies its data is never taken for a node of its own.
        wanted = replace(WANTED, id="5e1f00d2", cluster=node)
        again = asyncio.create_task(take_snapshot(cluster, host, wanted))
        await until(lambda: docker(environment, "ps", "--quiet", "--filter", "name=5e1f00d2-copy"))
        assert [each.name for each in await find_nodes(cluster, host)] == [node]
        await snapshots.remove(api, await again)
        volume = (await api.call("GET", f"containers/{node}/json"))["Mounts"][0]["Name"]
        await api.remove(node)
        names = [each["Name"] for each in (await api.call("GET", "volumes"))["Volumes"]]
        assert volume not in names  # it goes with its node, as kind deletes it
        await snapshots.remove_remains(api)
    for kind in ("volume", "image"):
        assert found.id not in await docker(environment, kind, "ls")


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_nothing_is_left_of_a_snapshot_that_is_cancelled(
    environment: dict[str, str], node: str, tmp_path: Path
) -> None:
    host = LocalHost(environment)
    await docker(environment, "exec", node, "sh", "-c", "head -c 2000000000 /dev/zero > /var/large")
    taking = asyncio.create_task(
        take_snapshot(a_cluster(tmp_path, node), host, replace(WANTED, id=node[-8:], cluster=node))
    )
    copying = f"bringup-snapshot-{node[-8:]}-copy"
    await until(lambda: docker(environment, "ps", "--quiet", "--filter", f"name={copying}"))
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await docker(environment, "inspect", "--format", "{{.State.Status}}", node) == "running\n"
    left = await docker(environment, "ps", "--all", "--format", "{{.Names}}")
    left += await docker(environment, "volume", "ls", "--quiet")
    left += await docker(environment, "images", "--format", "{{.Tag}}", "bringup-snapshot")
    assert not [name for name in left.split() if node[-8:] in name and name != node]
