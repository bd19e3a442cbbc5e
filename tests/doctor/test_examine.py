"""The doctor's checks together: over real sockets and programs, an engine's answers, and a real engine."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import socket
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.doctor.peers import answers_of, serving
from tui.cluster.kind.maker import Kind
from tui.doctor import Finding, examine
from tui.doctor.examine import preflight
from tui.errors import NotReadyError
from tui.hosts.host_set import Hosts
from tui.hosts.local import LocalHost
from tui.plan.model import Plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path, PurePath

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host

CHECKS = [
    "container engine",
    "kind",
    "buildx",
    "kubectl",
    "images",
    "cgroups",
    "memory and CPUs",
    "disk",
    "inotify",
    "ports",
    "DNS",
    "proxies",
    "kubeconfig",
    "cluster",
]


async def said_by(plan: Plan, host: Host) -> dict[str, Finding]:
    """The findings by their checks, which may take their time: the machine may be busy with other tests."""
    return {finding.check: finding for finding in await examine(plan, Hosts.here(host), patience=40)}


def make_plan(folder: Path, port: int, kind: str = "kind.create") -> Plan:
    """A plan with a cluster whose configuration maps a host port, given as a variable."""
    config = folder / "kind.yaml"
    config.write_text(
        "nodes: [{extraPortMappings: [{containerPort: 80, hostPort: '${port}'}]}]".replace("'", "")
    )
    step = {"kind": kind, "config": str(config)} if kind == "kind.create" else {"kind": kind, "shell": "true"}
    return Plan.model_validate(
        {
            "apiVersion": "bringup/v1",
            "name": "doctor",
            "variables": {"port": port},
            "cluster": {"name": "bringup-doctor", "kubeconfig": str(folder / "kubeconfig")},
            "phases": [{"id": "one", "tasks": [{"id": "one", "steps": [step]}]}],
        }
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(tmp_path, free_port())


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that say their version, as PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, line in {"kind": "kind v0.99.0", "docker": "Docker version 99"}.items():
        (folder / name).write_text(f"#!/bin/sh\necho {line}\n")
        (folder / name).chmod(0o755)
    for name in ("cat", "df", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.fixture
def engine_socket() -> Iterator[str]:
    """A path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bringup-") as folder:
        yield f"{folder}/engine.sock"


async def test_an_engine_on_this_machine(
    plan: Plan, programs: Path, engine_socket: str, tmp_path: Path
) -> None:
    async with serving(answers_of(platform.release(), tmp_path), engine_socket) as url:
        host = LocalHost({"DOCKER_HOST": url, "PATH": str(programs)})
        said = await said_by(plan, host)
    assert list(said) == CHECKS
    assert said["container engine"].text == f"Docker 99.1 (API 1.41) at {url}, found by DOCKER_HOST"
    assert said["kind"] == Finding("kind", "ok", "kind v0.99.0; Docker version 99")
    assert said["kubectl"] == Finding("kubectl", "ok", "not found; bringup does not need it")
    assert said["images"].level == "ok"
    assert said["cgroups"].text == "v2, systemd driver"
    assert said["memory and CPUs"].text == "8.0 GiB, 4 CPUs"
    assert f"free at {tmp_path}" in said["disk"].text
    assert said["ports"] == Finding("ports", "ok", f"{plan.variables['port']} is free")
    assert said["cluster"] == Finding("cluster", "ok", "there is no cluster bringup-doctor yet")


async def test_an_image_that_the_configuration_gives_to_nodes_is_judged(
    plan: Plan, engine_socket: str, tmp_path: Path
) -> None:
    nodes = "nodes: [{image: 'kindest/node:v1.34.0'}, {role: worker, image: 'kindest/node:v1.18.8'}]"
    await asyncio.to_thread((tmp_path / "kind.yaml").write_text, nodes)
    async with serving(answers_of(platform.release(), tmp_path), engine_socket) as url:
        said = await said_by(plan, LocalHost({"DOCKER_HOST": url}))
    assert (said["cgroups"].level, said["cgroups"].text.partition(": ")[2]) == (
        "fault",
        "Kubernetes 1.18 does not start on v2 (kind#2082)",
    )


@pytest.mark.parametrize("exits", [0, 1])
async def test_buildx_is_asked_for_where_a_build_needs_it(
    programs: Path, engine_socket: str, tmp_path: Path, exits: int
) -> None:
    def prepare(instruction: str) -> Plan:
        (tmp_path / "Dockerfile").write_text(f"FROM x\n{instruction}\n")
        (programs / "docker").write_text(f"#!/bin/sh\nexit {exits}\n")
        build = {"kind": "image.build", "tag": "a:1", "context": str(tmp_path)}
        phase = {"id": "p", "tasks": [{"id": "t", "steps": [build]}]}
        return Plan.model_validate({"apiVersion": "bringup/v1", "name": "builds", "phases": [phase]})

    async with serving(answers_of(platform.release(), tmp_path), engine_socket) as url:
        host = LocalHost({"DOCKER_HOST": url, "PATH": str(programs)})
        plan = await asyncio.to_thread(prepare, "RUN true")
        assert (await said_by(plan, host))["buildx"].text == "the plan does not need it"
        plan = await asyncio.to_thread(prepare, "RUN --mount=type=cache,target=/c true")
        said = (await said_by(plan, host))["buildx"]
        warned = [finding for finding in await preflight(plan, Hosts.here(host)) if finding.check == "buildx"]
    missing = "Dockerfile:2: RUN --mount needs buildx, which is not there"
    assert (said.level, said.text) == (("fault", missing) if exits else ("ok", "found"))
    assert [finding.level for finding in warned] == ["warning"] * exits


async def test_an_engine_in_a_virtual_machine(
    plan: Plan, programs: Path, engine_socket: str, tmp_path: Path
) -> None:
    async with serving(answers_of("6.6.6-linuxkit", tmp_path), engine_socket) as url:
        said = await said_by(plan, LocalHost({"DOCKER_HOST": url, "PATH": str(programs)}))
    assert said["disk"].text.startswith("images take 3.0 GiB; free room at the engine's")
    assert said["inotify"] == Finding("inotify", "ok", "the engine's virtual machine has limits of its own")
    assert said["DNS"].level == "ok"


async def test_a_port_that_another_program_holds(plan: Plan) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", plan.variables["port"]))
        server.listen(1)
        said = await said_by(plan, Bare(no_engine))
    assert said["ports"].level == "fault"
    if platform.system() == "Linux":
        assert f"(pid {os.getpid()})" in said["ports"].text


async def test_a_port_of_the_plan_s_own_cluster(
    plan: Plan, programs: Path, engine_socket: str, tmp_path: Path
) -> None:
    port = plan.variables["port"]
    node = {
        "Names": ["/node"],
        "State": "paused",
        "Labels": {Kind.cluster_label: "bringup-doctor", Kind.role_label: "control-plane"},
        "Ports": [{"IP": "0.0.0.0", "PublicPort": port, "PrivatePort": 80, "Type": "tcp"}],
    }
    async with serving(answers_of("other", tmp_path, [node]), engine_socket) as url:
        said = await said_by(plan, LocalHost({"DOCKER_HOST": url, "PATH": str(programs)}))
    assert said["ports"] == Finding("ports", "ok", f"host port {port} is held by cluster bringup-doctor")
    assert said["cluster"].text == "cluster bringup-doctor is stopped: node is paused"


class Bare(LocalHost):
    """A host without programs, whose engine does what a test says."""

    def __init__(self, engine: Callable[[], Any]) -> None:
        super().__init__()
        self._answer = engine

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        directory: PurePath | None = None,
        on_left: Callable[[str], None] | None = None,
    ) -> int:
        raise FileNotFoundError(argv[0])

    async def engine(self) -> ContainerEngine:
        result: ContainerEngine = await self._answer()
        return result


async def no_engine() -> None:
    raise NotReadyError("no container engine answers", "start one")


async def test_without_an_engine_the_other_checks_still_run(plan: Plan) -> None:
    said = await said_by(plan, Bare(no_engine))
    assert list(said) == CHECKS
    assert said["container engine"] == Finding(
        "container engine", "fault", "no container engine answers", "start one"
    )
    assert said["kind"].level == "fault"
    assert said["ports"].text == f"{plan.variables['port']} is free"
    unknown = [name for name, finding in said.items() if finding.text.startswith("not checked")]
    assert unknown == ["images", "cgroups", "memory and CPUs", "disk", "cluster"]


async def test_a_plan_that_needs_neither_engine_nor_kind(tmp_path: Path) -> None:
    plan = await asyncio.to_thread(make_plan, tmp_path, free_port(), "command")
    said = await said_by(plan, Bare(no_engine))
    assert said["container engine"].level == "ok"
    assert said["kind"].level == "ok"
    assert said["ports"].text == "the plan maps none of its machine's"


async def test_an_engine_that_hangs_is_a_finding(plan: Plan) -> None:
    findings = await examine(plan, Hosts.here(Bare(asyncio.Event().wait)), patience=0.05)
    assert findings[0] == Finding("container engine", "fault", "could not be checked within 0.05 s")


async def test_a_check_that_breaks_is_a_finding(plan: Plan, engine_socket: str, tmp_path: Path) -> None:
    answers = answers_of(platform.release(), tmp_path) | {"/info": (200, {"MemTotal": "much"})}
    async with serving(answers, engine_socket) as url:
        said = await said_by(plan, LocalHost({"DOCKER_HOST": url, "PATH": "/nowhere"}))
    assert said["memory and CPUs"].level == "unknown"
    assert said["memory and CPUs"].text.startswith("could not be checked: ")


async def test_a_program_that_fails_is_a_finding(plan: Plan, programs: Path) -> None:
    await asyncio.to_thread((programs / "kind").write_text, "#!/bin/sh\necho broken >&2; exit 3\n")
    said = await said_by(plan, LocalHost({"DOCKER_HOST": "unix:///nowhere", "PATH": str(programs)}))
    assert (said["kind"].level, said["kind"].text) == ("fault", "`kind version` failed: broken")
    assert "install" in said["kind"].hint


async def test_an_undefined_variable_in_kind_s_configuration(plan: Plan) -> None:
    plan = plan.model_copy(update={"variables": {}})
    said = await said_by(plan, Bare(no_engine))
    assert said["ports"].level == "fault"
    assert "variable 'port' is not defined" in said["ports"].text


async def test_being_cancelled_ends_every_check(plan: Plan) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(examine(plan, Hosts.here(Bare(hang))))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


# The real thing

IMAGE = "debian:bookworm-slim"


@asynccontextmanager
async def node_container(engine: ContainerEngine, port: int) -> AsyncIterator[Any]:
    """A container that poses as a node of the plan's cluster and publishes a port."""
    config: dict[str, Any] = {
        "Image": IMAGE,
        "Cmd": ["sleep", "60"],
        "ExposedPorts": {"80/tcp": {}},
        "Labels": {Kind.cluster_label: "bringup-doctor", Kind.role_label: "control-plane"},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}},
    }
    async with engine.client() as docker:
        node = await docker.containers.create(config, name=f"bringup-doctor-{os.getpid()}")
        try:
            await node.start()
            yield node
        finally:
            await node.delete(force=True)


@pytest.mark.e2e
async def test_the_real_engine(plan: Plan) -> None:
    host = LocalHost()
    try:
        engine = await host.engine()
    except NotReadyError as error:
        pytest.skip(error.cause)
    said = await said_by(plan, host)
    assert list(said) == CHECKS
    assert engine.version in said["container engine"].text
    assert not any(finding.text.startswith(("not checked", "could not")) for finding in said.values())
    async with engine.client() as docker:
        if not any(IMAGE in (image["RepoTags"] or ()) for image in await docker.images.list()):
            pytest.skip(f"the engine has no image {IMAGE}")
    async with node_container(engine, plan.variables["port"]) as node:
        running = await said_by(plan, host)
        await node.kill()
        await node.wait()
        stopped = await said_by(plan, host)
    assert running["ports"].text == f"host port {plan.variables['port']} is held by cluster bringup-doctor"
    assert running["cluster"].text.startswith("cluster bringup-doctor runs, but the kubeconfig")
    assert stopped["ports"].text == f"{plan.variables['port']} is free"
    assert stopped["cluster"].text.startswith("cluster bringup-doctor is stopped")
