"""Clusters of containers created, adopted, examined and deleted, over real sockets and programs.

What the protocol says holds for each provider; what is one's own stands below.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
import yaml

from tests.actions.recorder import Recorder
from tests.cluster.peer import USERS, Peer, container, peer, ready
from tests.ssh.web import certified
from tui.cluster.connect import connect
from tui.cluster.containers.host_ports import publisher
from tui.cluster.containers.makers import MAKERS
from tui.cluster.containers.nodes import find_nodes
from tui.cluster.containers.provider import (
    create,
    delete,
    deliver,
    examine,
    examine_ports,
    kubeconfig_of,
    stop,
)
from tui.cluster.containers.unfinished import is_unfinished, note
from tui.cluster.provider import ClusterSpec, Node, Port, PortUse, Provider, provider_of
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tui.hosts.container_engine import ContainerEngine

OTHERS = """\
apiVersion: v1
kind: Config
clusters: [{name: production, cluster: {server: "https://production"}}]
contexts: [{name: production, context: {cluster: production, user: me}}]
users: [{name: me, user: {token: secret}}]
current-context: production
"""
SHORT = ClusterSpec(wait=2)
NO_NETWORK = {
    "kind": "networking: {disableDefaultCNI: true}",
    "k3d": "apiVersion: k3d.io/v1alpha5\nkind: Simple\n"
    "options: {k3s: {extraArgs: [{arg: --flannel-backend=none}]}}",
}


@pytest.fixture(params=["kind", "k3d"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cluster(tmp_path: Path, provider: str) -> Cluster:
    kubeconfig = tmp_path / "shared"
    kubeconfig.write_text(OTHERS)
    return Cluster.model_validate({"name": "demo", "kubeconfig": kubeconfig, "provider": provider})


@pytest.fixture(autouse=True)
async def client() -> None:
    """Importing it takes longer than the tests wait."""
    await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")


@pytest.fixture
async def there(tmp_path: Path, provider: str) -> AsyncIterator[Peer]:
    async with peer(tmp_path, provider=provider) as made:
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
    cluster: Cluster, provider: str, there: Peer, report: Recorder
) -> None:
    there.nodes(there.node())
    there.members(ready(there.name()))
    done = await create(cluster, there.host, ClusterSpec(), report)
    assert (done.changed, done.note) == (False, "cluster demo is there and healthy")
    assert await read(cluster) == {
        "clusters": ["production", f"{provider}-demo"],
        "contexts": ["production", f"{provider}-demo"],
        "users": ["me", USERS[provider]],
        "current": [f"{provider}-demo"],
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
    cluster: Cluster, provider: str, there: Peer, report: Recorder
) -> None:
    there.nodes(there.node())
    there.members(ready(there.name()))
    await create(cluster, there.host, ClusterSpec(), report)
    text = await asyncio.to_thread(cluster.kubeconfig.read_text)
    text = text.replace(f"current-context: {provider}-demo", "current-context: production")
    await asyncio.to_thread(cluster.kubeconfig.write_text, text)
    async with connect(report) as api:
        assert await api.text("/readyz") == "ok"


@pytest.mark.parametrize("several", [True, False])
async def test_nobody_else_s_cluster_is_taken_for_the_plan_s(
    cluster: Cluster, provider: str, report: Recorder, several: bool
) -> None:
    if several:
        more = OTHERS.replace("contexts: [", "contexts: [{name: staging, context: {cluster: x, user: me}}, ")
        await asyncio.to_thread(cluster.kubeconfig.write_text, more)
    with pytest.raises(ActionError, match=f"has no context {provider}-demo") as caught:
        async with connect(report):
            pass
    assert "run a `cluster.create` step first" in caught.value.hint


async def test_a_kubeconfig_of_one_cluster_of_this_machine_may_name_it_otherwise(
    cluster: Cluster, provider: str, there: Peer, report: Recorder
) -> None:
    own = there.calls.with_name(f"kubeconfig-of-{provider}")
    text = (await asyncio.to_thread(own.read_text)).replace(
        f"{{name: {provider}-demo, context", "{name: other, context"
    )
    await asyncio.to_thread(cluster.kubeconfig.write_text, text)
    async with connect(report) as api:
        assert await api.text("/readyz") == "ok"


class Far(LocalHost):
    """This machine, with an engine of another's: in CI a container beside the job's has it."""

    async def engine(self) -> ContainerEngine:
        return replace(await super().engine(), elsewhere="docker")


@pytest.mark.parametrize(
    ("kind", "server", "called"),
    [
        (LocalHost, "0.0.0.0:6550", {"server": "https://127.0.0.1:6550", "tls-server-name": "localhost"}),
        (LocalHost, "127.0.0.1:6550", {"server": "https://127.0.0.1:6550"}),
        (LocalHost, "192.0.2.1:6550", {"server": "https://192.0.2.1:6550"}),
        (Far, "0.0.0.0:6550", {"server": "https://docker:6550", "tls-server-name": "localhost"}),
    ],
)
async def test_a_server_is_called_where_it_listens_by_a_name_that_its_certificate_has(
    cluster: Cluster, provider: str, there: Peer, kind: type[LocalHost], server: str, called: dict[str, str]
) -> None:
    own = there.calls.with_name(f"kubeconfig-of-{provider}")
    written = f"apiVersion: v1\nclusters:\n- cluster:\n    server: https://{server}\n  name: demo\n"
    await asyncio.to_thread(own.write_text, written)
    given = await kubeconfig_of(cluster, kind(there.variables))
    assert yaml.safe_load(given)["clusters"] == [{"name": "demo", "cluster": called}]


@pytest.mark.parametrize("provider", ["kind"])  # k3d's listen everywhere
async def test_a_cluster_that_could_not_be_called_from_here_is_not_made(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    with pytest.raises(
        ActionError, match="is on docker, where cluster demo could be called at 127"
    ) as caught:
        await create(cluster, Far(there.variables), ClusterSpec(), report)
    assert "apiServerAddress: 0.0.0.0" in caught.value.hint
    assert not await asyncio.to_thread(there.calls.exists)


@pytest.mark.parametrize(("network", "made"), [("bridge", False), ("host", True)])
async def test_from_a_container_a_cluster_is_only_called_over_the_machine_s_network(
    cluster: Cluster,
    there: Peer,
    report: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    network: str,
    made: bool,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "0123456789ab")
    ours = {"Id": "0123456789ab" + "c" * 52, "HostConfig": {"NetworkMode": network}, "Labels": {}}
    there.nodes_while_made(there.node())
    there.members(ready(there.name()))
    of_cluster = there.engine["/containers/json"][1]
    assert callable(of_cluster)
    there.engine["/containers/json"] = (200, lambda: [*of_cluster(), ours])
    if made:
        assert (await create(cluster, there.host, ClusterSpec(), report)).changed
    else:
        with pytest.raises(ActionError, match="bringup runs in a container, from whose") as caught:
            await create(cluster, there.host, ClusterSpec(), report)
        assert "--network host" in caught.value.hint
    assert await asyncio.to_thread(there.calls.exists) is made


async def test_a_worker_that_is_not_ready_is_waited_for(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(there.node(), there.node("worker"))
    there.members(ready(there.name()), ready(there.name("worker"), "False", "cni plugin not initialized"))
    asyncio.get_running_loop().call_later(
        0.1, there.members, ready(there.name()), ready(there.name("worker"))
    )
    assert not (await create(cluster, there.host, ClusterSpec(), report)).changed


@pytest.mark.parametrize("provider", ["kind"])  # it takes its time
async def test_a_created_cluster_whose_workers_do_not_become_ready_has_failed(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    worker = there.name("worker")
    late = container("demo-late", "worker", provider=there.provider)
    there.nodes_while_made(there.node(), there.node("worker"), late)
    there.members(ready(there.name()), ready(worker, "False", "cni plugin not initialized"))
    with pytest.raises(ActionError) as caught:
        await create(cluster, there.host, SHORT, report)
    what = {worker: "cni plugin not initialized", "demo-late": "the node has not joined the cluster"}
    late_ones = ", ".join(f"node {name}" for name in sorted(what))
    assert caught.value.cause == (f"cluster demo could not be created: {late_ones} was not ready after 2 s")
    assert caught.value.details == tuple(f"node {name}: {what[name]}" for name in sorted(what))
    assert (await read(cluster))["contexts"] == ["production"]


@pytest.mark.parametrize("provider", ["kind"])
async def test_another_server_in_the_way_is_not_waited_for(
    cluster: Cluster, there: Peer, report: Recorder, tmp_path: Path
) -> None:
    secure, _ = await asyncio.to_thread(certified, tmp_path)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=secure)
    async with server:
        own = there.calls.with_name("kubeconfig-of-kind")
        text = await asyncio.to_thread(own.read_text)
        url = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
        port = server.sockets[0].getsockname()[1]
        await asyncio.to_thread(own.write_text, text.replace(url, f"https://localhost:{port}"))
        there.nodes_while_made(there.node())
        with pytest.raises(ActionError, match=r"is not trusted: self.signed certificate"):
            await create(cluster, there.host, ClusterSpec(wait=60), report)


async def test_a_cluster_without_a_pod_network_is_done_before_its_nodes_are_ready(
    cluster: Cluster, provider: str, there: Peer, report: Recorder
) -> None:
    spec = ClusterSpec(NO_NETWORK[provider])
    there.nodes_while_made(there.node())
    there.members(ready(there.name(), "False"))
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
    there.nodes_while_made(there.node())
    await asyncio.to_thread(there.made.touch)
    await asyncio.to_thread(cluster.kubeconfig.write_text, "{")
    assert (await delete(cluster, there.host, report)).note == "deleted cluster demo"
    assert report.warnings == [
        "entries of cluster demo may be left in its kubeconfig: "
        f"the kubeconfig {cluster.kubeconfig} is not YAML (line 2)"
    ]
    assert await asyncio.to_thread(cluster.kubeconfig.read_text) == "{"


LEFT = {
    "kind": (
        "echo 'ERROR: failed to delete cluster: it is busy' >&2; exit 1",
        "failed to delete cluster: it is busy",
    ),
    "k3d": (
        "fatal 'Failed to delete 2 nodes: Try to delete them manually'",
        "Failed to delete 2 nodes: Try to delete",
    ),
}


async def test_what_a_deletion_leaves_is_told(tmp_path: Path, cluster: Cluster, provider: str) -> None:
    does, says = LEFT[provider]
    async with peer(tmp_path, does, provider) as there:
        report = Recorder(folder=tmp_path, cache=tmp_path, plan_cluster=cluster, host=there.host)
        there.nodes(there.node(), there.node("worker"))
        with pytest.raises(ActionError) as caught:
            await delete(cluster, there.host, report)
    left = ", ".join(sorted((there.name(), there.name("worker"))))
    assert caught.value.cause.startswith("cluster demo could not be deleted")
    assert f"({left} left)" in caught.value.cause
    assert says in caught.value.cause
    assert (await read(cluster))["contexts"] == ["production"]


BROKEN = {
    "half deleted": ([("worker", "running")], "it has no control-plane node"),
    "left by a creation that was cut off": (
        [("control-plane", "created")], "node {control} was never started, as its creation was cut off"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_cluster_is_told_with_what_to_do(
    cluster: Cluster, there: Peer, report: Recorder, name: str
) -> None:
    nodes, says = BROKEN[name]
    there.nodes(*(there.node(role, state) for role, state in nodes))
    for asking in (
        create(cluster, there.host, SHORT, report),
        examine(cluster, there.host, 3),
    ):
        with pytest.raises(ActionError) as caught:
            await asking
        assert caught.value.cause == f"cluster demo is broken: {says.format(control=there.name())}"
        command = " ".join(MAKERS[there.provider].delete("demo"))
        assert f"`bringup down` or `{command}`" in caught.value.hint


async def test_what_a_killed_run_left_half_made_is_made_anew(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes_while_made(there.node(state="created"))
    there.members(ready(there.name()))
    await asyncio.to_thread(there.made.touch)
    nodes = await find_nodes(cluster, there.host)
    await asyncio.to_thread(note, cluster, there.host, nodes)
    assert (await create(cluster, there.host, SHORT, report)).note == "created cluster demo"
    assert any(line.endswith("was cut off: its creation begins anew") for _, line in report.lines)
    with pytest.raises(ActionError, match="demo is broken"):  # another one: it may be the user's
        await create(cluster, there.host, SHORT, report)


async def test_what_is_noted_of_a_cluster_is_forgotten_once_it_is_used(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(there.node())
    there.members(ready(there.name()))
    nodes = await find_nodes(cluster, there.host)
    await asyncio.to_thread(note, cluster, there.host, nodes)
    await create(cluster, there.host, ClusterSpec(), report)
    assert not await asyncio.to_thread(is_unfinished, cluster, there.host, nodes)


@pytest.mark.parametrize("provider", ["kind"])
async def test_several_nodes_of_kind_are_not_started_again(
    cluster: Cluster, there: Peer, report: Recorder
) -> None:
    there.nodes(there.node(), there.node("worker", "exited"))
    with pytest.raises(ActionError, match="demo is broken: node demo-worker is exited"):
        await create(cluster, there.host, SHORT, report)
    there.nodes(there.node(), there.node("worker"))
    with pytest.raises(ActionError, match="has 2 nodes, which cannot be started again"):
        await stop(cluster, there.host, report)


@pytest.mark.parametrize(("state", "asked"), [("exited", "start"), ("paused", "unpause")])
async def test_a_stopped_cluster_is_started_again(
    cluster: Cluster, there: Peer, report: Recorder, state: str, asked: str
) -> None:
    there.nodes(there.node(state=state))
    assert (await examine(cluster, there.host, 3)).state == "stopped"
    there.engine[f"/containers/{there.name()}/{asked}"] = (200, {})
    there.engine[f"/containers/{there.name()}/json"] = (
        200,
        {"State": {"StartedAt": "2026-01-02T03:04:05Z"}, "NetworkSettings": {"Networks": {}}},
    )
    for kind in ("pods", "replicasets", "deployments", "statefulsets", "daemonsets"):
        there.api[f"/api/v1/{kind}" if kind == "pods" else f"/apis/apps/v1/{kind}"] = (200, {"items": []})
    there.members(ready(there.name()))
    done = await create(cluster, there.host, ClusterSpec(), report)
    assert done.note == "started cluster demo again"
    assert ("restart" in [span.name for span in report.spans]) == (state == "exited")
    if there.provider == "k3d":
        called = await asyncio.to_thread(there.calls.read_text)
        assert ("cluster start demo" in called) == (state == "exited")


async def test_a_cluster_is_stopped(cluster: Cluster, there: Peer, report: Recorder) -> None:
    stopped = there.made.with_name("stopped")  # which k3d makes itself

    def touch() -> dict[str, str]:
        stopped.touch()
        return {}

    there.engine[f"/containers/{there.name()}/stop"] = (200, touch)
    assert (await stop(cluster, there.host, report)).note == "there is no cluster demo"
    there.engine["/containers/json"] = (
        200, lambda: [there.node(state="exited" if stopped.exists() else "running")]
    )  # fmt: skip
    done = await stop(cluster, there.host, report)
    assert (done.changed, done.note) == (True, "stopped cluster demo: `bringup up` starts it again")
    again = await stop(cluster, there.host, report)
    assert (again.changed, again.note) == (False, "cluster demo is stopped already")


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
    there.nodes(there.node(state="exited"))
    with pytest.raises(ActionError, match=f"node {there.name()} of cluster demo does not run"):
        await deliver(cluster, there.host, {"redis:7": there.host}, report)


@pytest.mark.parametrize(("status", "state"), [(200, "ready"), (500, "")])
async def test_the_api_server_is_asked(
    cluster: Cluster, there: Peer, report: Recorder, status: int, state: str
) -> None:
    there.nodes(there.node())
    assert (await examine(cluster, there.host, 3)).state == "unreachable"
    there.members(ready(there.name()))
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


def mapping(provider: str, *ports: int) -> str:
    """A configuration that takes ports of the host."""
    if provider == "kind":
        mapped = [{"containerPort": 80, "hostPort": port} for port in ports]
        return json.dumps({"nodes": [{"role": "control-plane", "extraPortMappings": mapped}]})
    return json.dumps({"ports": [{"port": f"{port}:80", "nodeFilters": ["loadbalancer"]} for port in ports]})


async def test_who_holds_the_ports_of_a_configuration(cluster: Cluster, provider: str, there: Peer) -> None:
    def publishing(name: str, port: int, **labels: str) -> dict[str, object]:
        ports = [{"IP": "0.0.0.0", "PublicPort": port, "PrivatePort": 80, "Type": "tcp"}]
        return {"Names": [f"/{name}"], "State": "running", "Labels": labels, "Ports": ports}

    maker = MAKERS[provider]
    there.nodes(
        publishing("own", 1, **{maker.cluster_label: "demo"}),
        publishing("other", 2, **{maker.cluster_label: "other"}),
        publishing("web", 3),
        {"Names": None, "Labels": None, "State": "exited"},
    )
    delete_own, delete_other = (" ".join(maker.delete(name)) for name in ("demo", "other"))
    assert await examine_ports(cluster, there.host, mapping(provider, 1, 2, 3, 3)) == [
        PortUse(1, "cluster demo", own=True, remedy=f"delete it with `{delete_own}`"),
        PortUse(2, "cluster other", remedy=f"delete it with `{delete_other}`"),
        PortUse(3, "container web", remedy="stop that container"),
        PortUse(3, "the configuration itself, twice", remedy="remove one"),
    ]


async def test_the_nodes_of_a_cluster_that_stands_are_found_by_its_context(
    cluster: Cluster, provider: str, there: Peer
) -> None:
    there.nodes(there.node())
    standing = Cluster(context=f"{provider}-demo")
    found = await (await provider_of(standing)).find_nodes(standing, there.host)
    assert [node.name for node in found] == [there.name()]
