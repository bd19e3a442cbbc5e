"""What a run says, before and while it begins, of a machine that is not as it should be."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cluster.peer import Peer, container, peer, ready
from tests.doctor.peers import answers_of
from tui.actions.environment import KindEnvironment
from tui.doctor.examine import preflight
from tui.doctor.rules import GIB
from tui.hosts.host_set import Hosts
from tui.launch.choose_environment import take_up_clusters
from tui.launch.request import UsageError
from tui.plan.load import load_plan
from tui.plan.model import Plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SMALL = "! memory and CPUs: 1.0 GiB, 1 CPU: less than 4 GiB and 2 CPUs"


def write_plan(directory: Path, *steps: dict[str, object], port: int = 0) -> None:
    (directory / "kind.yaml").write_text(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
        f"nodes: [{{role: control-plane, extraPortMappings: [{{containerPort: 80, hostPort: {port}}}]}}]"
    )
    create = {"kind": "kind.create", "config": "kind.yaml", "wait": "5s"}
    build = {"kind": "command", "shell": "echo building"}
    tasks = [{"id": "build", "steps": [build]}, {"id": "create", "steps": steps or [create]}]
    plan = {
        "apiVersion": "bringup/v1",
        "name": "preflight",
        "cluster": {"name": "demo", "kubeconfig": "kubeconfig"},
        "phases": [{"id": "one", "tasks": tasks}],
        "down": [{"kind": "kind.delete"}],
    }
    (directory / "bringup.yaml").write_text(json.dumps(plan))


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Peer]:
    async with peer(tmp_path) as made:
        answers = answers_of(platform.release(), tmp_path)
        made.engine |= answers | {"/info": (200, answers["/info"][1] | {"MemTotal": GIB, "NCPU": 1})}
        made.nodes_while_made(container("demo-control-plane"))
        made.members(ready("demo-control-plane"))
        yield made


async def bringup(tmp_path: Path, there: Peer, *arguments: str) -> subprocess.CompletedProcess[str]:
    state = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("STATE", "CACHE", "CONFIG")}
    return await asyncio.to_thread(
        subprocess.run,
        (sys.executable, "-m", "tui", *arguments),
        env={**os.environ, **there.variables, **state},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_what_the_doctor_warns_of_is_told_in_the_run(tmp_path: Path, there: Peer) -> None:
    await asyncio.to_thread(write_plan, tmp_path)
    done = await bringup(tmp_path, there, "up", "--env", "kind")
    assert done.returncode == 0, done.stdout + done.stderr
    assert SMALL in done.stdout
    assert done.stdout.count("`bringup doctor` says what helps\n") == 2  # at the time, and in the report
    done = await bringup(tmp_path, there, "down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert SMALL not in done.stdout


@pytest.mark.parametrize("environment", ["kind", "auto"])
async def test_a_port_that_is_taken_is_told_before_anything_begins(
    tmp_path: Path, there: Peer, environment: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        await asyncio.to_thread(write_plan, tmp_path, port=port)
        done = await bringup(tmp_path, there, "up", "--env", environment)
    assert done.returncode == 3
    assert done.stdout == ""
    assert f"error: host port {port} is held by " in done.stderr
    assert "hint: " in done.stderr
    assert not await asyncio.to_thread((tmp_path / "STATE" / "bringup" / "runs").exists)


async def test_a_kubeconfig_that_cannot_be_used_is_told_before_anything_begins(
    tmp_path: Path, there: Peer
) -> None:
    await asyncio.to_thread(write_plan, tmp_path)
    await asyncio.to_thread((tmp_path / "kubeconfig").mkdir)
    done = await bringup(tmp_path, there, "up")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(
        f"error: the kubeconfig {tmp_path}/kubeconfig is not a regular file\n  hint: "
    )


async def test_a_plan_that_makes_no_cluster_is_not_kept_waiting(tmp_path: Path, there: Peer) -> None:
    step = {"kind": "command", "shell": "true"}
    phases = [{"id": "one", "tasks": [{"id": "one", "steps": [step]}]}]
    plan = Plan.model_validate({"apiVersion": "bringup/v1", "name": "plain", "phases": phases})
    del there.engine["/version"]  # it is not even asked
    assert await preflight(plan, Hosts.here(there.host)) == []


@pytest.mark.parametrize(
    ("nodes", "says"), [([], "is gone"), ([container("demo-control-plane", state="exited")], "does not run")]
)
async def test_a_run_is_not_resumed_on_a_cluster_that_is_not_there(
    tmp_path: Path, there: Peer, nodes: list[dict[str, object]], says: str
) -> None:
    await asyncio.to_thread(write_plan, tmp_path)
    plan = (await asyncio.to_thread(load_plan, tmp_path / "bringup.yaml")).plan
    there.nodes(*nodes)
    environment = KindEnvironment(Hosts.here(there.host))
    with pytest.raises(UsageError, match=says) as caught:
        await take_up_clusters(plan, environment, {"create": "earlier"})
    assert caught.value.hint.startswith("run `bringup up` without --resume")


def two_clusters(directory: Path, *ports: int, **more: object) -> Path:
    """A plan of two clusters, each with a host port."""
    tasks = [
        {
            "id": name,
            "cluster": name,
            "steps": [{"kind": "kind.create", "config": {**KIND, "nodes": [node_with(port)]}}],
        }
        for name, port in zip(("one", "two"), ports, strict=True)
    ]
    clusters = {name: {"name": f"demo-{name}", "kubeconfig": name} for name in ("one", "two")}
    plan = {"apiVersion": "bringup/v1", "name": "two", "clusters": clusters, **more}
    path = directory / "bringup.yaml"
    path.write_text(json.dumps({**plan, "phases": [{"id": "one", "tasks": tasks}]}))
    return path


KIND = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}


def node_with(port: int) -> dict[str, object]:
    return {"role": "control-plane", "extraPortMappings": [{"containerPort": 80, "hostPort": port}]}


@pytest.mark.parametrize("apart", [0, 1])
async def test_one_host_port_for_two_clusters_is_told_before_anything_begins(
    tmp_path: Path, there: Peer, unused_tcp_port: int, apart: int
) -> None:
    ports = unused_tcp_port, unused_tcp_port + apart
    plan = (await asyncio.to_thread(lambda: load_plan(two_clusters(tmp_path, *ports)))).plan
    found = [each for each in await preflight(plan, Hosts.here(there.host)) if each.check == "ports"]
    text = f"clusters demo-one and demo-two both map host port {unused_tcp_port}"
    assert [(each.level, each.text) for each in found] == ([] if apart else [("fault", text)])


async def test_a_kubeconfig_of_any_cluster_that_cannot_be_used_is_told(tmp_path: Path, there: Peer) -> None:
    plan = (await asyncio.to_thread(lambda: load_plan(two_clusters(tmp_path, 0, 0)))).plan
    await asyncio.to_thread((tmp_path / "two").mkdir)
    [found] = [each for each in await preflight(plan, Hosts.here(there.host)) if each.check == "kubeconfig"]
    assert (found.level, found.text) == ("fault", f"the kubeconfig {tmp_path}/two is not a regular file")
