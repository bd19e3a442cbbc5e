from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.actions.engines import BASE, NODE
from tests.actions.recorder import Recorder
from tests.clients.registries import PASSWORD, serving
from tests.cluster.test_kubeconfig_file import CORPUS, view
from tui.actions.cluster import create, delete, stop
from tui.actions.image.build import build
from tui.actions.image.deliver import deliver as load
from tui.clients.engine_api import connect
from tui.clients.kubernetes.api import open_api
from tui.clients.registry import Login
from tui.cluster.containers import create as creation
from tui.cluster.containers.local_registry import spare_registry
from tui.cluster.containers.provider import await_nodes, find_nodes
from tui.cluster.containers.stream import progress_of
from tui.cluster.kind.config import host_ports
from tui.cluster.kind.last_words import readable
from tui.cluster.kind.maker import Kind
from tui.cluster.kubeconfig_file import merge_kubeconfig
from tui.cluster.provider import ClusterSpec
from tui.errors import ActionError, NotReadyError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster
from tui.plan.recognition import hint_for
from tui.plan.registry import LocalRegistry
from tui.plan.steps import ClusterCreate, ClusterDelete, ClusterStop, ImageBuild, ImageDeliver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CREATED = """\
Creating cluster "demo" ...
 • Ensuring node image (kindest/node:v1.20.2) 🖼️  ...
 ✓ Ensuring node image (kindest/node:v1.20.2) 🖼️
 • Preparing nodes 📦   ...
 ✓ Preparing nodes 📦
 • Waiting ≤ 1m0s for control-plane = Ready ⏳  ...
 ✓ Waiting ≤ 1m0s for control-plane = Ready ⏳
 • Ready after 13s 💚
"""
FAILED = """\
Creating cluster "demo" ...
 • Preparing nodes 📦   ...
 ✗ Preparing nodes 📦
ERROR: failed to create cluster: command "docker run" failed with error: exit status 125
Command Output: Bind for 0.0.0.0:8081 failed: port is already allocated
"""


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    cluster = Cluster(name="demo", kubeconfig=tmp_path / "own" / "kubeconfig")
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster)


def test_kinds_steps_become_spans(ctx: Recorder) -> None:
    output = Kind().output(ctx)
    output.take(CREATED.splitlines())
    assert [text for _, text in ctx.lines] == CREATED.splitlines()
    assert [span.name for span in ctx.spans] == [
        "Ensuring node image (kindest/node:v1.20.2)",
        "Preparing nodes",
        "Waiting ≤ 1m0s for control-plane = Ready",
    ]
    assert all(span.closed for span in ctx.spans)


def test_kinds_failure_is_told_with_what_helps(ctx: Recorder) -> None:
    output = Kind().output(ctx)
    for line in FAILED.splitlines():
        output.take([line])
    error = output.failure("cluster demo could not be created", 1)
    assert error.cause.startswith(
        "cluster demo could not be created (at 'Preparing nodes'): `docker run` failed: Bind for 0.0.0.0:8081"
    )
    assert "free the host port" in error.hint
    assert error.details[-1].endswith("port is already allocated")
    assert all(span.closed for span in ctx.spans)


RAN = 'ERROR: failed to create cluster: failed to init node: command "docker run --cgroupns=private" failed'
TRACE = """\
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
\tcmd/kubeadm/app/cmd/phases/workflow/runner.go:259
main.main
\tcmd/kubeadm/kubeadm.go:25
runtime.goexit
\t/usr/local/go/src/runtime/asm_amd64.s:1598
"""


@pytest.mark.parametrize(
    ("said", "cause", "hint"),
    [
        (
            f"{RAN} with error: exit status 125\n\ndocker: Error response from daemon: full\n",
            "failed to init node: `docker run` failed: full",
            "",
        ),
        (
            f"{RAN} with error: exit status 1\n\n[kubelet-check] It is not healthy after 4m\n{20 * TRACE}",
            "failed to init node: `docker run` failed: It is not healthy after 4m",
            "kubelet does not start",
        ),
        (
            f"{RAN} with error: exit status 137\n",
            "failed to init node: `docker run` failed: exit status 137",
            "",
        ),
        (
            "ERROR: failed to create cluster: unable to decode config:\n  line 5: field x not found\n",
            "unable to decode config: line 5: field x not found",
            "Kind's configuration",
        ),
        ("Error: unknown flag: --kubeconfig\nUsage:\n", "unknown flag: --kubeconfig", "upgrade kind"),
    ],
)
def test_what_kind_ran_is_told_by_what_that_said(ctx: Recorder, said: str, cause: str, hint: str) -> None:
    output = Kind().output(ctx)
    output.take(said.splitlines())
    error = output.failure("it failed", 1)
    assert error.cause == f"it failed: {cause}"
    assert hint in error.hint if hint else not error.hint
    assert not [line for line in error.details if ".go:" in line or "goexit" in line]


KUBELET = 'E0305 13:37:38.1     236 run.go:74] "command failed" err="failed to run: it said \\"no\\""'
OLD_KUBELET = (
    "F1126 19:15:30.9     871 server.go:269] failed to run Kubelet: inotify_init: too many open files"
)
CONTAINERD = (
    'time="1" level=warning msg="failed to load plugin x.cri" error="invalid plugin config: `mirrors` no"'
)


@pytest.mark.parametrize(
    ("said", "cause", "hint", "final"),
    [
        (f"kubelet: {KUBELET}", 'kubelet: failed to run: it said "no"', "", True),
        (
            f"kubelet: {OLD_KUBELET}",
            "kubelet: failed to run Kubelet: inotify_init: too many open files",
            "sudo sysctl",
            True,
        ),
        (f"containerd: {CONTAINERD}", "containerd: invalid plugin config: `mirrors` no", "Patches`", True),
        (
            "kube-apiserver: Error: unknown flag: --no",
            "kube-apiserver: Error: unknown flag: --no",
            "Kind's configuration, or name another node image",
            True,
        ),
        (
            "kube-apiserver: Error: loading audit policy file: read /etc/audit.yaml: is a directory",
            "kube-apiserver: Error: loading audit policy file: read /etc/audit.yaml: is a directory",
            "`extraMounts`",
            False,
        ),
        ("etcd: it lost its leader", "etcd: it lost its leader", "", False),
    ],
)
def test_why_a_node_does_not_start_is_told_as_its_parts_say_it(
    ctx: Recorder, said: str, cause: str, hint: str, final: bool
) -> None:
    output = Kind().output(ctx)
    output.take([f"{RAN} with error: exit status 1", "", "[kubelet-check] It is not healthy after 4m"])
    error = output.failure("it failed", 1, [f"demo: {readable(said)}"])
    assert error.cause == f"it failed: demo: {cause}"
    assert error.details[-1] == f"demo: {cause}"
    assert hint in error.hint if hint else not error.hint
    assert Kind().is_final(f"demo: {readable(said)}") is final


def test_a_failure_without_words_tells_the_status(ctx: Recorder) -> None:
    assert Kind().output(ctx).failure("it failed", 2).cause == "it failed: kind exited with status 2"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('could not find a log line that matches "Reached target .*Multi-User System.*"', "systemd"),
        ("failed to init node: cgroup mountpoint does not exist", "cgroup version"),
        ("cgroup v1 is deprecated in Kubernetes, please upgrade to cgroup v2", ""),
        ("nothing that is known", ""),
    ],
)
def test_known_failures_have_hints(text: str, hint: str) -> None:
    assert (hint in hint_for(text, "kind.create")) if hint else hint_for(text, "kind.create") == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("36929536 bytes (37 MB, 35 MiB) copied, 4 s, 9.2 MB/s", (36929536, "")),
        (
            "36929536 bytes (37 MB, 35 MiB) copied, 4,0 s, 9,2 MB/s ctr: it is full",
            (36929536, "ctr: it is full"),
        ),
        ("35+1 records in", (0, "")),
        ("ctr: failed to copy 7 bytes", (0, "ctr: failed to copy 7 bytes")),
        ("", (0, "")),
    ],
)
def test_what_a_node_says_is_told_apart_from_dds_progress(line: str, told: tuple[int, str]) -> None:
    assert progress_of(line) == told


def test_the_ports_that_a_configuration_takes() -> None:
    config = """
networking: {apiServerPort: 6443}
nodes:
- role: control-plane
  extraPortMappings:
  - {containerPort: 30081, hostPort: 8081}
  - {containerPort: 30082, hostPort: 8082, listenAddress: 127.0.0.1}
  - {containerPort: 53, hostPort: 53, protocol: UDP}
  - {containerPort: 30083, hostPort: 0}
- role: worker
"""
    assert host_ports(config) == [("127.0.0.1", 6443), ("", 8081), ("127.0.0.1", 8082)]
    assert host_ports("networking: {ipFamily: ipv6, apiServerPort: 6443}") == [("::1", 6443)]
    assert host_ports("") == []
    assert host_ports("nodes: {}\nnetworking: [1]") == []
    assert host_ports("nodes: [x, {extraPortMappings: [y, {hostPort: '80'}, {hostPort: true}]}]") == []
    for text, says in {"{": "not YAML", "[1]": "not a mapping", "kind": "not a mapping"}.items():
        with pytest.raises(ActionError, match=says):
            host_ports(text)


CRI = 'plugins."io.containerd.grpc.v1.cri".registry'


@pytest.mark.parametrize(
    ("own", "way"),
    [
        ("", "config_path"),
        (f"containerdConfigPatches:\n- |\n  [{CRI}.mirrors.x]\n  endpoint = []\n", "mirrors"),
        (f"containerdConfigPatches:\n- |\n  [{CRI}.configs.x.tls]\n  insecure = true\n", "mirrors"),
    ],
)
def test_nodes_find_a_registry_in_the_way_that_their_configuration_has_chosen(own: str, way: str) -> None:
    made, _ = Kind().configure(ClusterSpec(own), {"localhost:5001": "http://demo-registry:5000"})
    patches = [tomllib.loads(patch) for patch in yaml.safe_load(made)["containerdConfigPatches"]]
    for plugin in ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"):
        registry = patches[-1]["plugins"][plugin]["registry"]
        assert list(registry) == [way]
        mirrors = {"localhost:5001": {"endpoint": ["http://demo-registry:5000"]}}
        assert registry[way] == (mirrors if way == "mirrors" else "/etc/containerd/certs.d")


@pytest.mark.parametrize(
    ("variables", "spared"),
    [
        ({}, {}),
        ({"NO_PROXY": "a"}, {}),
        ({"https_proxy": "http://p"}, {"NO_PROXY": "demo-registry"}),
        ({"HTTP_PROXY": "http://p", "no_proxy": "a,b"}, {"NO_PROXY": "a,b,demo-registry"}),
    ],
)
def test_nodes_reach_their_registry_without_the_proxy_that_they_get(
    ctx: Recorder, variables: dict[str, str], spared: dict[str, str]
) -> None:
    cluster = ctx.cluster.model_copy(update={"registry": LocalRegistry(port=5001)})
    assert spare_registry(cluster, variables) == spared
    assert spare_registry(ctx.cluster, variables) == {}


async def test_without_an_engine_there_is_no_cluster(ctx: Recorder) -> None:
    ctx.host = LocalHost({"DOCKER_HOST": f"unix://{ctx.folder}/none.sock", "HOME": str(ctx.folder)})
    with pytest.raises(NotReadyError):
        await create(ClusterCreate(kind="kind.create"), ctx)


# For real, over every engine.


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


@pytest.mark.e2e
@pytest.mark.timeout(400)
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


@pytest.mark.e2e
@pytest.mark.timeout(400)
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


@pytest.mark.e2e
@pytest.mark.timeout(400)
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


@pytest.mark.e2e
@pytest.mark.timeout(400)
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


@pytest.mark.e2e
@pytest.mark.timeout(400)
async def test_a_port_that_is_taken_is_told_before_anything_is_made(
    real: Recorder, unused_tcp_port: int
) -> None:
    step = await create_step(real, unused_tcp_port)
    taken = rf"host port {unused_tcp_port} is held by .*\(pid \d+\)"
    with socket.create_server(("127.0.0.1", unused_tcp_port)), pytest.raises(ActionError, match=taken):
        await create(step, real)
    assert await nodes_of(real) == []


@pytest.mark.e2e
@pytest.mark.timeout(400)
async def test_nothing_can_be_loaded_where_there_is_no_cluster(real: Recorder) -> None:
    with pytest.raises(ActionError, match="there is no cluster"):
        await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)
