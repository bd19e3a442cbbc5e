"""Kind clusters created, adopted, examined and deleted, over real sockets and programs."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, get_args

import pytest
import yaml

from tests.actions.recorder import Recorder
from tests.cluster.peer import Peer, container, peer, ready
from tui.cluster.connect import connect
from tui.cluster.kind.create import create
from tui.cluster.kind.delete import delete
from tui.cluster.kind.examine import examine
from tui.cluster.kind.host_ports import examine_ports, publisher
from tui.cluster.kind.load import deliver
from tui.cluster.kind.stop import stop
from tui.cluster.provider import ClusterSpec, Node, Port, PortUse, Provider, provider_of
from tui.errors import ActionError
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OTHERS = """\
apiVersion: v1
kind: Config
clusters: [{name: production, cluster: {server: "https://production"}}]
contexts: [{name: production, context: {cluster: production, user: me}}]
users: [{name: me, user: {token: secret}}]
current-context: production
"""
CONTROL, WORKER = container("demo-control-plane"), container("demo-worker", "worker")
SHORT = ClusterSpec(wait=2)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    kubeconfig = tmp_path / "shared"
    kubeconfig.write_text(OTHERS)
    return Cluster(name="demo", kubeconfig=kubeconfig)


@pytest.fixture(autouse=True)
async def client() -> None:
    """Importing it takes longer than the tests wait."""
    await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Peer]:
    async with peer(tmp_path) as made:
        yield made


@pytest.fixture
def report(tmp_path: Path, cluster: Cluster, there: Peer) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster, host=there.host)


async def read(cluster: Cluster) -> dict[str, list[str]]:
    content = yaml.safe_load(await asyncio.to_thread(cluster.kubeconfig.read_text))
    names = {key: [each["name"] for each in content[key]] for key in ("clusters", "contexts", "users")}
    return names | {"current": [content["current-context"]]}


async def test_each_provider_has_what_providers_have(cluster: Cluster) -> None:
    names = get_args(Cluster.model_fields["provider"].annotation)
    for given in ({"context": "kind-demo"}, *({"provider": name} for name in names)):
        provider = await provider_of(cluster.model_copy(update=given))
        assert {each for each in vars(Provider) if each[0] != "_"} <= set(vars(provider))


async def test_adopting_a_cluster_leaves_others_in_the_kubeconfig(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(CONTROL)
    there.members(ready("demo-control-plane"))
    done = await create(cluster, there.host, ClusterSpec(), report)
    assert (done.changed, done.note) == (False, "cluster demo is there and healthy")
    assert await read(cluster) == {
        "clusters": ["production", "kind-demo"],
        "contexts": ["production", "kind-demo"],
        "users": ["me", "kind-demo"],
        "current": ["kind-demo"],
    }
    there.nodes()
    done = await delete(cluster, there.host, report)
    assert done.note == "removed cluster demo, which was gone, from its kubeconfig"
    assert await read(cluster) == {
        "clusters": ["production"], "contexts": ["production"], "users": ["me"], "current": [""]
    }  # fmt: skip
    done = await delete(cluster, there.host, report)
    assert (done.changed, done.note) == (False, "there is no cluster demo")


async def test_steps_go_to_the_plan_s_cluster_whichever_context_is_current(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(CONTROL)
    there.members(ready("demo-control-plane"))
    await create(cluster, there.host, ClusterSpec(), report)
    text = await asyncio.to_thread(cluster.kubeconfig.read_text)
    text = text.replace("current-context: kind-demo", "current-context: production")
    await asyncio.to_thread(cluster.kubeconfig.write_text, text)
    async with connect(report) as api:
        assert await api.text("/readyz") == "ok"


@pytest.mark.parametrize("several", [True, False])
async def test_nobody_else_s_cluster_is_taken_for_the_plan_s(
    cluster: Cluster, report: Recorder, several: bool
) -> None:
    if several:
        more = OTHERS.replace("contexts: [", "contexts: [{name: staging, context: {cluster: x, user: me}}, ")
        await asyncio.to_thread(cluster.kubeconfig.write_text, more)
    with pytest.raises(ActionError, match="has no context kind-demo") as caught:
        async with connect(report):
            pass
    assert "run a `kind.create` step first" in caught.value.hint


async def test_a_kubeconfig_of_one_cluster_of_this_machine_may_name_it_otherwise(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    own = there.calls.with_name("kubeconfig-of-kind")
    text = (await asyncio.to_thread(own.read_text)).replace(
        "{name: kind-demo, context", "{name: k3d, context"
    )
    await asyncio.to_thread(cluster.kubeconfig.write_text, text)
    async with connect(report) as api:
        assert await api.text("/readyz") == "ok"


async def test_a_worker_that_is_not_ready_is_waited_for(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(CONTROL, WORKER)
    there.members(ready("demo-control-plane"), ready("demo-worker", "False", "cni plugin not initialized"))
    asyncio.get_running_loop().call_later(
        0.1, there.members, ready("demo-control-plane"), ready("demo-worker")
    )
    assert not (await create(cluster, there.host, ClusterSpec(), report)).changed


async def test_a_created_cluster_whose_workers_do_not_become_ready_has_failed(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes_while_made(CONTROL, WORKER, container("demo-worker2", "worker"))
    there.members(ready("demo-control-plane"), ready("demo-worker", "False", "cni plugin not initialized"))
    with pytest.raises(ActionError) as caught:
        await create(cluster, there.host, SHORT, report)
    assert caught.value.cause == (
        "cluster demo could not be created: node demo-worker, node demo-worker2 was not ready after 2 s"
    )
    assert caught.value.details == (
        "node demo-worker: cni plugin not initialized",
        "node demo-worker2: the node has not joined the cluster",
    )
    assert (await read(cluster))["contexts"] == ["production"]


async def test_a_cluster_without_a_pod_network_is_done_before_its_nodes_are_ready(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    spec = ClusterSpec("networking: {disableDefaultCNI: true}")
    there.nodes_while_made(CONTROL)
    there.members(ready("demo-control-plane", "False"))
    assert (await create(cluster, there.host, spec, report)).changed
    assert "--wait" not in await asyncio.to_thread(there.calls.read_text)
    assert not (await create(cluster, there.host, spec, report)).changed


async def test_the_kubeconfig_is_looked_at_before_anything_is_made(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    await asyncio.to_thread(cluster.kubeconfig.write_text, "{")
    with pytest.raises(ActionError, match="is not YAML"):
        await create(cluster, there.host, ClusterSpec(), report)
    assert not await asyncio.to_thread(there.calls.exists)


async def test_a_kubeconfig_that_cannot_be_used_keeps_no_cluster_from_being_deleted(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes_while_made(CONTROL)
    await asyncio.to_thread(there.made.touch)
    await asyncio.to_thread(cluster.kubeconfig.write_text, "{")
    assert (await delete(cluster, there.host, report)).note == "deleted cluster demo"
    assert report.warnings == [
        "entries of cluster demo may be left in its kubeconfig: "
        f"the kubeconfig {cluster.kubeconfig} is not YAML (line 2)"
    ]
    assert await asyncio.to_thread(cluster.kubeconfig.read_text) == "{"


async def test_what_a_deletion_leaves_is_told(tmp_path: Path, cluster: Cluster) -> None:
    async with peer(tmp_path, "echo 'ERROR: failed to delete cluster: it is busy' >&2; exit 1") as there:
        report = Recorder(folder=tmp_path, cache=tmp_path, plan_cluster=cluster, host=there.host)
        there.nodes(CONTROL, WORKER)
        with pytest.raises(ActionError) as caught:
            await delete(cluster, there.host, report)
    assert caught.value.cause == (
        "cluster demo could not be deleted (demo-control-plane, demo-worker left): "
        "failed to delete cluster: it is busy"
    )
    assert (await read(cluster))["contexts"] == ["production"]


BROKEN = {
    "half deleted": ([WORKER], "it has no control-plane node"),
    "left by a creation that was cut off": (
        [container("demo-control-plane", state="created")],
        "node demo-control-plane was never started, as its creation was cut off",
    ),
    "one of several stopped": (
        [CONTROL, container("demo-worker", "worker", "exited")], "node demo-worker is exited"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_cluster_is_told_with_what_to_do(
    cluster: Cluster, there: Peer, report: Recorder, name: str
) -> None:
    nodes, says = BROKEN[name]
    there.nodes(*nodes)
    for asking in (
        create(cluster, there.host, SHORT, report),
        examine(cluster, there.host, 3),
    ):
        with pytest.raises(ActionError) as caught:
            await asking
        assert caught.value.cause == f"cluster demo is broken: {says}"
        assert "`bringup down` or `kind delete cluster --name demo`" in caught.value.hint


@pytest.mark.parametrize(("state", "asked"), [("exited", "start"), ("paused", "unpause")])
async def test_a_stopped_cluster_is_started_again(
    cluster: Cluster, there: Peer, report: Recorder, state: str, asked: str
) -> None:
    there.nodes(container("demo-control-plane", state=state))
    assert (await examine(cluster, there.host, 3)).state == "stopped"
    there.engine[f"/containers/demo-control-plane/{asked}"] = (200, {})
    there.engine["/containers/demo-control-plane/json"] = (
        200,
        {"State": {"StartedAt": "2026-01-02T03:04:05Z"}},
    )
    for kind in ("pods", "replicasets", "deployments", "statefulsets", "daemonsets"):
        there.api[f"/api/v1/{kind}" if kind == "pods" else f"/apis/apps/v1/{kind}"] = (200, {"items": []})
    there.members(ready("demo-control-plane"))
    done = await create(cluster, there.host, ClusterSpec(), report)
    assert done.note == "started cluster demo again"
    assert ("restart" in [span.name for span in report.spans]) == (state == "exited")


async def test_a_cluster_of_one_node_is_stopped(cluster: Cluster, there: Peer, report: Recorder) -> None:
    asked: list[str] = []

    def stopped() -> dict[str, str]:
        asked.append("stop")
        there.nodes(container("demo-control-plane", state="exited"))
        return {}

    there.engine["/containers/demo-control-plane/stop"] = (200, stopped)
    assert (await stop(cluster, there.host, report)).note == "there is no cluster demo"
    there.nodes(CONTROL)
    assert (
        await stop(cluster, there.host, report)
    ).note == "stopped cluster demo: `bringup up` starts it again"
    again = await stop(cluster, there.host, report)
    assert (again.changed, again.note, asked) == (False, "cluster demo is stopped already", ["stop"])


async def test_a_cluster_of_several_nodes_is_not_stopped(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(CONTROL, WORKER)
    with pytest.raises(ActionError, match="has 2 nodes, which cannot be started again"):
        await stop(cluster, there.host, report)


async def test_an_engine_that_refuses_is_told(cluster: Cluster, there: Peer, report: Recorder) -> None:
    there.engine["/containers/json"] = (500, {"message": "disk I/O error"})
    with pytest.raises(ActionError, match="disk I/O error"):
        await create(cluster, there.host, ClusterSpec(), report)


async def test_an_engine_that_is_stopped_midway_is_told(tmp_path: Path, cluster: Cluster) -> None:
    async with peer(tmp_path) as there:
        await there.host.engine()
    report = Recorder(folder=tmp_path, cache=tmp_path, plan_cluster=cluster, host=there.host)
    with pytest.raises(ActionError, match="the connection to the container engine broke") as caught:
        await delete(cluster, there.host, report)
    assert "check that the engine is running" in caught.value.hint


async def test_images_are_not_loaded_into_nodes_that_do_not_run(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(container("demo-control-plane", state="exited"))
    with pytest.raises(ActionError, match="node demo-control-plane of cluster demo does not run"):
        await deliver(cluster, there.host, {"redis:7": there.host}, report)


@pytest.mark.parametrize(("status", "state"), [(200, "ready"), (500, "")])
async def test_the_api_server_is_asked(
    cluster: Cluster, there: Peer, report: Recorder, status: int, state: str
) -> None:
    there.nodes(CONTROL)
    assert (await examine(cluster, there.host, 3)).state == "unreachable"
    there.members(ready("demo-control-plane"))
    await create(cluster, there.host, ClusterSpec(), report)
    there.api["/readyz"] = (status, "ok")
    if state:
        found = await examine(cluster, there.host, 3)
        assert found.text == "cluster demo is healthy: 1 node, the API server is ready"
    else:
        with pytest.raises(ActionError, match=r"is not ready \(status 500\)"):
            await examine(cluster, there.host, 3)


def test_a_publisher_is_found_by_port_and_address() -> None:
    one = Node("1", "one", ports=(Port("127.0.0.1", 80, 1),))
    two = Node("2", "two", ports=(Port("0.0.0.0", 81, 1), Port("0.0.0.0", 82, 1)))
    assert publisher("127.0.0.1", 80, [two, one]) is one
    assert publisher("0.0.0.0", 80, [one]) is one
    assert publisher("127.0.0.2", 80, [one]) is None
    assert publisher("10.0.0.1", 82, [one, two]) is two
    assert publisher("", 83, [one, two]) is None


async def test_who_holds_the_ports_of_a_configuration(cluster: Cluster, there: Peer) -> None:
    def publishing(name: str, port: int, **labels: str) -> dict[str, object]:
        ports = [{"IP": "0.0.0.0", "PublicPort": port, "PrivatePort": 80, "Type": "tcp"}]
        return {"Names": [f"/{name}"], "State": "running", "Labels": labels, "Ports": ports}

    label = "io.x-k8s.kind.cluster"
    there.nodes(
        publishing("own", 1, **{label: "demo"}),
        publishing("other", 2, **{label: "other"}),
        publishing("web", 3),
        {"Names": None, "Labels": None, "State": "exited"},
    )
    mappings = "".join(f"  - {{containerPort: 80, hostPort: {port}}}\n" for port in (1, 2, 3, 3))
    config = f"nodes:\n- role: control-plane\n  extraPortMappings:\n{mappings}"
    assert await examine_ports(cluster, there.host, config) == [
        PortUse(1, "cluster demo", own=True, remedy="delete it with `kind delete cluster --name demo`"),
        PortUse(2, "cluster other", remedy="delete it with `kind delete cluster --name other`"),
        PortUse(3, "container web", remedy="stop that container"),
        PortUse(3, "the configuration itself, twice", remedy="remove one"),
    ]
