"""What kind says, and what is written into its configuration."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.actions.recorder import Recorder
from tui.actions.cluster import create
from tui.cluster.containers.local_registry import spare_registry
from tui.cluster.containers.stream import progress_of
from tui.cluster.kind.config import host_ports
from tui.cluster.kind.last_words import readable
from tui.cluster.kind.maker import Kind
from tui.cluster.provider import ClusterSpec
from tui.errors import ActionError, NotReadyError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster
from tui.plan.recognition import hint_for
from tui.plan.registry import LocalRegistry
from tui.plan.steps import ClusterCreate

if TYPE_CHECKING:
    from pathlib import Path

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
