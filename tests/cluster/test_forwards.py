"""Forwards that are held: ports here that lead to pods, whatever becomes of pods and cluster meanwhile."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.clients.kubernetes.peer import recorder, serving
from tests.clients.kubernetes.test_port_forward import Cluster as Peer
from tests.clients.kubernetes.test_port_forward import _pod as pod
from tests.plan.writing import CLUSTER, HEAD, faults_of, load, one_task, write
from tests.plans import make_plan, started
from tui.cluster.forwards import Forwards
from tui.doctor.standing import examine_standing
from tui.hosts.host_set import ClusterAt, Hosts
from tui.hosts.local import LocalHost
from tui.launch.specification import Specification
from tui.launch.use import in_use
from tui.plan.model import Forward
from tui.run.journal import Journal
from tui.run.kept_run import KeptRun
from tui.run.standing import standing

if TYPE_CHECKING:
    from pathlib import Path

DB = Forward(service="db", namespace="shop", port=15432, name="Database")


async def said(port: int, word: bytes = b"hello") -> bytes:
    """What answers at a port; nothing where the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(word)
        return await reader.readexactly(len(word))
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.close()


async def test_a_connection_goes_to_what_is_ready_then(tmp_path: Path) -> None:
    first, then = Peer(), Peer(pod("new"))
    async with serving(first.app) as url, serving(then.app) as other:
        ctx = await asyncio.to_thread(recorder, tmp_path, url)
        async with Forwards([DB], {"": ClusterAt(ctx.cluster, LocalHost())}) as forwards:
            [port] = forwards.ports.values()
            assert await said(port) == b""  # no pod is there yet
            first.pods = (pod("a"),)
            assert await said(port) == b"HELLO"
            first.pods = (pod("b"),)
            assert await said(port) == b"HELLO"
            assert first.ports == ["a:5432", "b:5432"]
            first.pods = ()
            await asyncio.to_thread(recorder, tmp_path, other)  # the cluster is another one
            assert await said(port) == b"HELLO"
            assert then.ports == ["new:5432"]
        assert not forwards.ports
        with pytest.raises(ConnectionRefusedError):
            await said(port)


async def test_a_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    cluster = Peer(pod("a"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        forward = DB.model_copy(update={"local": number})
        async with serving(cluster.app) as url:
            ctx = await asyncio.to_thread(recorder, tmp_path, url)
            async with Forwards([forward], {"": ClusterAt(ctx.cluster, LocalHost())}) as forwards:
                [port] = forwards.ports.values()
                assert forwards.moved == {number: port}
                assert await said(port) == b"HELLO"


def kept(folder: Path, server: str, top: str) -> tuple[Specification, KeptRun]:
    """A run of a plan with further keys, whose cluster is at a URL."""
    recorder(folder, server)
    loaded = load(folder, one_task("", f"cluster: {{name: it, kubeconfig: kubeconfig}}\n{top}"))
    journal = Journal(folder / "run")
    journal.append(started(loaded.plan))
    journal.close()
    run = KeptRun(folder / "run", started(loaded.plan))
    assert not run.started.hosts
    return Specification(loaded), run


async def test_a_program_of_a_run_has_the_ports_that_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRINGUP_HOST", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        forwards = f"forwards: [{{service: db, namespace: shop, port: 15432, local: {number}}}]\n"
        top = f'{forwards}environment: {{DB: "tcp://localhost:{number}/x", OTHER: "127.0.0.1:1"}}\n'
        cluster = Peer(pod("a"))
        async with serving(cluster.app) as url:
            given = await asyncio.to_thread(kept, tmp_path, url, top)
            async with in_use(*given, None) as (variables, warning):
                assert (warning, variables["OTHER"]) == ("", "127.0.0.1:1")
                port = urlsplit(variables["DB"]).port
                assert port not in {None, number}
                assert variables["DB"] == f"tcp://localhost:{port}/x"
                assert await said(port or 0) == b"HELLO"


async def test_an_endpoint_of_a_forward_is_no_fault_while_nothing_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    forward = {"service": "db", "port": number}
    endpoints = [{"name": name, "url": f"http://127.0.0.1:{number}"} for name in ("db",)]
    for forwards, level in ([forward], "ok"), ([], "fault"):
        plan = make_plan([{"a": []}], endpoints=endpoints, forwards=forwards)
        [found] = await examine_standing(plan, Hosts.here())
        assert found.level == level


def test_the_port_here_is_that_of_the_service_where_a_user_may_have_it() -> None:
    wanted = [
        Forward(service="a", **more).wanted
        for more in ({"port": 2746}, {"port": 443}, {"port": 80, "local": 81})
    ]
    assert wanted == [2746, 8443, 81]


def test_what_stands_tells_which_forwards_are_held() -> None:
    plan = make_plan([{"a": []}], forwards=[DB], cluster={"name": "c", "kubeconfig": "k"})
    assert standing(plan).forwards == (("Database", ""),)
    assert standing(plan, ports={DB: 15432}).forwards == (("Database", "127.0.0.1:15432"),)


def test_forwards_of_a_plan(tmp_path: Path) -> None:
    top = "forwards: [{service: db, port: 5432}]\n"
    part = one_task("", top).replace(HEAD, "").replace("service: db", 'service: "${name}"')
    write(tmp_path, f"variables: {{name: }}\n{part}", "part.yaml")
    include = "include: [{plan: part.yaml, as: p, with: {name: other}}]\n"
    loaded = load(tmp_path, one_task("", f"{CLUSTER}{include}{top}"))
    assert [each.service for each in loaded.plan.forwards] == ["other", "db"]
    [fault] = faults_of(write(tmp_path, one_task("", top)))
    assert fault.cause == "a forward leads to the plan's cluster, and the plan has none"
    faults = faults_of(write(tmp_path, one_task("", f"{CLUSTER}{top.replace('5432', '70000')}")))
    assert [fault.cause for fault in faults] == ["port: must be at most 65535, not 70000"]
    assert json.dumps(loaded.plan.model_dump(mode="json"))
