"""The plan's cluster and its ports, as the engine and the API server tell of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.doctor.peers import serving
from tui.doctor.cluster import examine_cluster, judge_cluster
from tui.doctor.engine import LABEL, Container, read_container
from tui.doctor.host_ports import judge_port, publisher
from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path

RUNS, STOPPED = Container("a", cluster="own"), Container("b", "exited", "own")


def test_a_container_is_read_from_the_engine_s_list() -> None:
    listed = {
        "Names": ["/node"],
        "State": "running",
        "Labels": {LABEL: "own"},
        "Ports": [
            {"IP": "127.0.0.1", "PublicPort": 8081, "PrivatePort": 80, "Type": "tcp"},
            {"PublicPort": 8082, "PrivatePort": 80, "Type": "tcp"},
            {"IP": "0.0.0.0", "PublicPort": 53, "PrivatePort": 53, "Type": "udp"},
            {"PrivatePort": 443, "Type": "tcp"},
        ],
    }
    ports = (("127.0.0.1", 8081), ("", 8082))
    assert read_container(listed) == Container("node", "running", "own", ports)
    assert read_container({"Names": None, "Labels": None, "State": "exited"}) == Container("?", "exited")


def test_the_label_is_that_of_the_actions() -> None:
    from tui.cluster.kind.nodes import CLUSTER

    assert LABEL == CLUSTER


def test_a_publisher_is_found_by_port_and_address() -> None:
    one = Container("one", ports=(("127.0.0.1", 80),))
    two = Container("two", ports=(("0.0.0.0", 81), ("0.0.0.0", 82)))
    assert publisher("127.0.0.1", 80, [two, one]) is one
    assert publisher("0.0.0.0", 80, [one]) is one
    assert publisher("127.0.0.2", 80, [one]) is None
    assert publisher("10.0.0.1", 82, [one, two]) is two
    assert publisher("", 83, [one, two]) is None


@pytest.mark.parametrize(
    ("container", "taken", "process", "level", "text"),
    [
        (None, False, "", "ok", "80 is free"),
        (Container("x", cluster="own"), False, "", "ok", "80 is held by cluster own"),
        (Container("x", cluster="other"), False, "", "fault", "80 is held by cluster other"),
        (Container("web"), False, "", "fault", "80 is held by container web"),
        (None, True, "nginx (pid 7)", "fault", "80 is held by nginx (pid 7)"),
        (None, True, "", "fault", "80 is held by another program"),
    ],
)
def test_a_port(container: Container | None, taken: bool, process: str, level: str, text: str) -> None:
    finding = judge_port(80, "own", container, taken=taken, process=process)
    assert (finding.level, finding.text) == (level, text)
    assert bool(finding.hint) == (level == "fault")


def test_a_container_of_no_cluster_is_not_the_plan_s_own() -> None:
    assert judge_port(80, "", Container("web"), taken=False, process="").level == "fault"


@pytest.mark.parametrize(
    ("nodes", "fault", "level", "says"),
    [
        ([], None, "ok", "there is no cluster own yet"),
        ([RUNS], None, "ok", "healthy: 1 node,"),
        ([RUNS, RUNS], None, "ok", "healthy: 2 nodes,"),
        ([STOPPED], None, "warning", "stopped: b is exited"),
        ([RUNS, STOPPED], None, "fault", "broken: b is exited"),
        ([RUNS], ActionError("it is silent"), "fault", "broken: it is silent"),
    ],
)
def test_cluster(nodes: list[Container], fault: ActionError | None, level: str, says: str) -> None:
    finding = judge_cluster("own", nodes, fault)
    assert (finding.level, says in finding.text) == (level, True)
    assert ("kind delete cluster --name own" in finding.hint) == (level == "fault")


def write_kubeconfig(path: Path, server: str) -> Path:
    path.write_text(
        f"""
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: c}}}}]
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: c, user: {{}}}}]
"""
    )
    return path


@pytest.mark.parametrize(("status", "level"), [(200, "ok"), (500, "fault")])
async def test_the_api_server_is_asked(tmp_path: Path, status: int, level: str) -> None:
    async with serving({"/readyz": (status, "")}) as url:
        kubeconfig = await asyncio.to_thread(write_kubeconfig, tmp_path / "config", url)
        finding = await examine_cluster("own", kubeconfig, [RUNS], 3)
    assert finding.level == level
    assert (f"{url} is not ready (status 500)" in finding.text) == (level == "fault")


async def test_an_api_server_that_is_gone(tmp_path: Path) -> None:
    async with serving({}) as url:
        kubeconfig = await asyncio.to_thread(write_kubeconfig, tmp_path / "config", url)
    finding = await examine_cluster("own", kubeconfig, [RUNS], 3)
    assert finding.level == "fault"
    assert f"{url} does not answer" in finding.text
    assert "kind export kubeconfig --name own" in finding.hint


async def test_a_cluster_without_its_kubeconfig(tmp_path: Path) -> None:
    finding = await examine_cluster("own", tmp_path / "none", [RUNS], 3)
    assert finding.level == "warning"
    assert finding.text == f"cluster own runs, but its kubeconfig {tmp_path / 'none'} is missing"


async def test_a_cluster_is_found_among_all_containers(tmp_path: Path) -> None:
    finding = await examine_cluster("own", tmp_path / "none", [Container("x", cluster="other"), STOPPED], 3)
    assert finding.text == "cluster own is stopped: b is exited"
