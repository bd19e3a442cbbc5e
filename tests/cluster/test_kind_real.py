"""Kind for real, over every engine."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.actions.engines import BASE, NODE
from tests.clients.registries import PASSWORD, serving
from tests.cluster.test_kubeconfig_file import CORPUS, view
from tui.actions.cluster import create, delete, stop
from tui.actions.image.build import build
from tui.actions.image.deliver import deliver as load
from tui.clients.engine_api import connect
from tui.clients.kubernetes.api import open_api
from tui.clients.registry import Login
from tui.cluster.containers import create as creation
from tui.cluster.containers.provider import await_nodes, find_nodes
from tui.cluster.kubeconfig_file import merge_kubeconfig
from tui.errors import ActionError
from tui.plan.steps import ClusterCreate, ClusterDelete, ClusterStop, ImageBuild, ImageDeliver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.actions.recorder import Recorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

NAMES_ARE_KNOWN = any(
    Path(place).exists()
    for place in (
        "/usr/lib/cni/dnsname",
        "/opt/cni/bin/dnsname",
        "/usr/lib/podman/aardvark-dns",
        "/usr/libexec/podman/aardvark-dns",
    )
)


def config_for(folder: Path, port: int) -> Path:
    path = folder / "kind.yaml"
    path.write_text(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
        f"  extraPortMappings:\n  - {{containerPort: 30081, hostPort: {port}, listenAddress: 127.0.0.1}}\n"
    )
    return path


async def create_step(ctx: Recorder, port: int) -> ClusterCreate:
    path = await asyncio.to_thread(config_for, ctx.folder, port)
    return await asyncio.to_thread(ClusterCreate, kind="kind.create", config=path, image=NODE, wait=120)


async def nodes_of(ctx: Recorder) -> list[str]:
    return [node.name for node in await find_nodes(ctx.cluster, ctx.host)]


async def test_a_cluster_is_created_adopted_loaded_and_deleted(real: Recorder, unused_tcp_port: int) -> None:
    step = await create_step(real, unused_tcp_port)
    assert (await create(step, real)).changed
    assert "Preparing nodes" in [span.name for span in real.spans]
    status = await asyncio.to_thread(real.cluster.kubeconfig.stat)
    assert status.st_mode & 0o777 == 0o600

    await asyncio.to_thread(real.cluster.kubeconfig.unlink)
    assert not (await create(step, real)).changed
    assert await asyncio.to_thread(real.cluster.kubeconfig.exists)
    assert real.warnings == []

    await asyncio.to_thread(check_as_kind_exports, real)

    images = ImageDeliver(kind="kind.load", images=(BASE,))
    assert (await load(images, real)).changed
    assert ("load", BASE) in [(span.name, span.subject) for span in real.spans]
    assert not [text for _, text in real.lines if "could not be streamed" in text]
    assert {unit for _, _, unit, _ in real.progressed} == {"B"}
    assert all(total is not None and done <= total for done, total, _, _ in real.progressed)
    assert not (await load(images, real)).changed
    await check_name_in_node(real, f"docker.io/library/{BASE}")
    with pytest.raises(ActionError, match="has no image"):
        await load(ImageDeliver(kind="kind.load", images=("bringup-none:1",)), real)
    async with made_for_another(real) as (image, architecture):
        await load(ImageDeliver(kind="kind.load", images=(image,)), real)
    assert [text.partition(", but ")[0] for text in real.warnings] == [f"{image} is made for {architecture}"]
    await check_pinned_image(real)

    assert (await delete(ClusterDelete(kind="kind.delete"), real)).changed
    assert await nodes_of(real) == []
    assert not await asyncio.to_thread(real.cluster.kubeconfig.exists)
    assert not (await delete(ClusterDelete(kind="kind.delete"), real)).changed


def check_as_kind_exports(ctx: Recorder) -> None:
    """Shared kubeconfigs are as `kind export kubeconfig` makes them, by kubectl's own reading."""
    own = ctx.cluster.kubeconfig.read_text()
    for at, text in enumerate(CORPUS.values()):
        ours, theirs = (ctx.folder / f"{who}-{at}" for who in ("ours", "theirs"))
        for path in (ours, theirs):
            path.write_text(text, encoding="utf-8", newline="")
        merge_kubeconfig(ours, own, f"kind-{ctx.cluster.name}")
        argv = ("kind", "export", "kubeconfig", "--name", ctx.cluster.name, "--kubeconfig", str(theirs))
        subprocess.run(argv, env=ctx.variables["environment"], capture_output=True, check=True)
        assert view(ours, "kubectl") == view(theirs, "kubectl")


async def check_pinned_image(ctx: Recorder) -> None:
    """An image that is named by tag and digest, as in many manifests, gets the name that nodes look for."""
    engine = await ctx.host.engine()
    if engine.flavour == "podman" or not await asyncio.to_thread(shutil.which, "docker-registry"):
        return
    folder, name = ctx.folder / "pinned", ctx.cluster.name
    await asyncio.to_thread(folder.mkdir)
    text = "FROM scratch\nCOPY Dockerfile /pinned\n"  # the builder knows others' layers whatever they are for
    await asyncio.to_thread((folder / "Dockerfile").write_text, text)
    serves = serving(folder)
    registry = await asyncio.to_thread(serves.__enter__)
    try:
        tag = f"{registry}/{name}:1"
        step = await asyncio.to_thread(ImageBuild, kind="image.build", tag=tag, context=folder)
        await build(step, ctx)
        async with connect(engine) as api:
            async with api.push(tag, Login(registry, "me", PASSWORD)) as messages:
                (digest,) = [each["aux"]["Digest"] async for each in messages if "aux" in each]
            images = ImageDeliver(kind="kind.load", images=(f"{tag}@{digest}",))
            assert (await load(images, ctx)).changed
            assert not (await load(images, ctx)).changed
            (node,) = await find_nodes(ctx.cluster, ctx.host)
            _, listed = await api.run_in(node.id, ("ctr", "--namespace", "k8s.io", "images", "ls", "-q"))
            names = {f"{registry}/{name}@{digest}", f"{registry}/{name}:{digest.replace(':', '-')}"}
            assert {each for each in listed.split() if each.startswith(registry)} == names
            assert not [each for each in await api.images() if each.startswith("localhost/bringup-")]
            for each in (tag, f"{registry}/{name}@{digest}"):
                await api.remove_image(each)
    finally:
        await asyncio.to_thread(serves.__exit__, None, None, None)


@asynccontextmanager
async def made_for_another(ctx: Recorder) -> AsyncIterator[tuple[str, str]]:
    """An image for another processor than this machine's, and what that is called."""
    engine = await ctx.host.engine()
    architecture = "arm64" if engine.architecture == "amd64" else "amd64"
    folder, tag = ctx.folder / "image", f"localhost/{ctx.cluster.name}:1"
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread((folder / "Dockerfile").write_text, "FROM scratch\nCOPY Dockerfile /\n")
    platform = f"linux/{architecture}"
    step = await asyncio.to_thread(ImageBuild, kind="image.build", tag=tag, context=folder, platform=platform)
    await build(step, ctx)
    try:
        yield tag, architecture
    finally:
        async with engine.client() as docker:
            await docker.images.delete(tag)


async def check_name_in_node(ctx: Recorder, image: str) -> None:
    (node,) = await find_nodes(ctx.cluster, ctx.host)
    async with connect(await ctx.host.engine()) as api:
        status, output = await api.run_in(node.id, ("crictl", "inspecti", "-o", "json", image))
    assert status == 0
    assert image in output


async def test_two_nodes_get_an_image_at_once_while_they_are_still_being_joined(real: Recorder) -> None:
    if real.variables["environment"].get("KIND_EXPERIMENTAL_PROVIDER") == "podman" and not NAMES_ARE_KNOWN:
        pytest.skip("nodes of Podman do not find each other by name without aardvark-dns or dnsname")
    config = real.folder / "kind.yaml"
    nodes = "nodes: [{role: control-plane}, {role: worker}]"
    await asyncio.to_thread(
        config.write_text, f"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{nodes}\n"
    )
    step = await asyncio.to_thread(ClusterCreate, kind="kind.create", config=config, image=NODE, wait=120)
    creating = asyncio.create_task(create(step, real))
    await await_nodes(real.cluster, real.host)
    assert len(await nodes_of(real)) == 2
    assert (await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)).changed
    assert not creating.done()  # kubeadm is at work
    await creating
    async with open_api(real.cluster.kubeconfig) as api:
        made = (await api.get("/api/v1/nodes"))["items"]
    assert [node["spec"]["podCIDR"] for node in made] == ["10.244.0.0/24", "10.244.1.0/24"]
    assert not (await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)).changed
    assert not [text for _, text in real.lines if "could not be streamed" in text]
    with pytest.raises(ActionError, match="has 2 nodes, which cannot be started again"):
        await stop(ClusterStop(kind="kind.stop"), real)


async def test_a_cancelled_creation_leaves_no_node(real: Recorder, unused_tcp_port: int) -> None:
    creating = asyncio.create_task(create(await create_step(real, unused_tcp_port), real))
    while not await nodes_of(real) and not creating.done():
        await asyncio.wait({creating}, timeout=0.1)
    creating.cancel()
    await asyncio.wait({creating}, timeout=3)
    assert creating.cancelled()
    for _ in range(200):  # the engine may take long to create a node, and cannot remove it before
        if not await nodes_of(real):
            break
        await asyncio.sleep(0.1)
    assert await nodes_of(real) == []
    assert not await asyncio.to_thread(real.cluster.kubeconfig.exists)


FLAG = {"kind": "ClusterConfiguration", "apiServer": {"extraArgs": {"of-later-versions": "true"}}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"featureGates": {"OfLater": True}}, "kubelet: unrecognized feature gate: OfLater"),
        ({"kubeadmConfigPatches": [yaml.safe_dump(FLAG)]}, "kube-apiserver: .*unknown flag: --of-later"),
    ],
)
async def test_a_node_that_never_starts_is_not_waited_for(
    real: Recorder, monkeypatch: pytest.MonkeyPatch, config: dict[str, object], said: str
) -> None:
    if real.variables["environment"].get("KIND_EXPERIMENTAL_PROVIDER") == "podman":
        pytest.skip("the node is the same with every engine")
    monkeypatch.setattr(creation, "_FIRST_LOOK", 5.0)
    monkeypatch.setattr(creation, "_NEXT_LOOK", 1.0)
    whole = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", **config}
    with pytest.raises(ActionError, match=rf"\(at 'Starting control-plane'\): \S+: {said}") as caught:
        await create(ClusterCreate(kind="kind.create", config=whole, image=NODE), real)
    assert "another node image" in caught.value.hint
    assert await nodes_of(real) == []


async def test_a_port_that_is_taken_is_told_before_anything_is_made(
    real: Recorder, unused_tcp_port: int
) -> None:
    step = await create_step(real, unused_tcp_port)
    taken = rf"host port {unused_tcp_port} is held by .*\(pid \d+\)"
    with socket.create_server(("127.0.0.1", unused_tcp_port)), pytest.raises(ActionError, match=taken):
        await create(step, real)
    assert await nodes_of(real) == []


async def test_nothing_can_be_loaded_where_there_is_no_cluster(real: Recorder) -> None:
    with pytest.raises(ActionError, match="there is no cluster"):
        await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)
