"""What another machine costs: `python -m tests.bench.ssh [ROUNDS]`.

The other machine is this one, through a real sshd on the loopback, so that nothing but SSH differs. Three
things are measured, each in turn without and over SSH: how long it is until the first step begins; how fast
an image is saved and a context is sent, beside the `ssh` command doing the same, and a file is written beside
what that command carries; and how long the bundled plan takes on a real Kind cluster, its image built anew.
It needs root's sshd, a container engine, kind, and the images of the end-to-end tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import aiohttp
import asyncssh

from tests.contract.servers import Client, Sshd, running
from tests.e2e.conftest import Bringup, free_port, run
from tui.hosts.local import LocalHost
from tui.hosts.ssh.host import SshHost
from tui.plan.address import LOCAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host

ROUNDS = 1  # of the bring-up; the rest is done in a few
QUICK = 7
SIZE = 256 << 20
PIECE = 2 << 20
IMAGE = "postgres:15"
PLAN = """
apiVersion: bringup/v1
name: nothing
phases: [{id: one, tasks: [{id: one, steps: [{kind: command, shell: "true"}]}]}]
"""
MIB = 1 << 20


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[tuple[Client, Sshd]]:
    """A user, and a machine that the user knows."""
    user = Client(folder / "user", asyncssh.generate_private_key("ssh-ed25519"))
    with running(Sshd(folder / "far", [user.key])) as server:
        user.knows(server)
        yield user, server


def first_step(home: Path, host: str) -> float:
    """Seconds from the command's start to its first step's."""
    argv = (sys.executable, "-m", "tui", "up", str(home / "plan.yaml"), "--host", host, "--output", "json")
    began = time.perf_counter()
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, env={**os.environ, "HOME": str(home)}, text=True
    ) as process:
        assert process.stdout is not None
        began = next(time.perf_counter() for line in process.stdout if '"step-started"' in line) - began
        process.communicate()
    return began


async def rates(host: Host) -> dict[str, float]:
    """MiB a second of each way of sending much."""
    engine = await host.engine()
    done = {}
    for what, send in (("image saved", save), ("context sent", send_context)):
        begin = time.perf_counter()
        size = await send(engine)
        done[what] = size / MIB / (time.perf_counter() - begin)
    async with host.scratch() as folder:
        begin = time.perf_counter()
        await host.write(folder / "file", pieces())
        done["file written"] = SIZE / MIB / (time.perf_counter() - begin)
    return done


async def save(engine: ContainerEngine) -> int:
    size = 0
    async with engine.client() as docker, docker._query(f"images/{IMAGE}/get", timeout=None) as answer:
        async for chunk in answer.content.iter_any():
            size += len(chunk)
    return size


async def send_context(engine: ContainerEngine) -> int:
    headers, limit = {"Content-Type": "application/x-tar"}, aiohttp.ClientTimeout()
    async with (
        engine.client() as docker,
        docker._query("build", "POST", data=context(), headers=headers, timeout=limit) as answer,
    ):
        said = await answer.text()
    assert "Successfully built" in said, said
    return SIZE


async def pieces() -> AsyncIterator[bytes]:
    piece = os.urandom(PIECE)
    for _ in range(SIZE // PIECE):
        yield piece


async def context() -> AsyncIterator[bytes]:
    """A context of an empty image and one large file that it does not use."""
    head = io.BytesIO()
    with tarfile.open(fileobj=head, mode="w") as archive:
        text = b"FROM scratch\nLABEL bench=1\n"
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    large = tarfile.TarInfo("large")
    large.size = SIZE
    yield head.getvalue()[: 2 * tarfile.BLOCKSIZE] + large.tobuf()
    async for piece in pieces():
        yield piece
    yield bytes(tarfile.RECORDSIZE)


def plain(user: Client, server: Sshd) -> dict[str, float]:
    """MiB a second of the `ssh` command doing the same."""
    home = user.home / ".ssh"
    ssh = f"ssh -p {server.port} -i {home}/id_ed25519 -o UserKnownHostsFile={home}/known_hosts 127.0.0.1"
    archive = user.home / "context.tar"
    asyncio.run(write_context(archive))
    build = "DOCKER_BUILDKIT=0 docker build -q -"
    return {
        "image saved": through(f"{ssh} docker save {IMAGE} | wc -c"),
        "context sent": SIZE / MIB / timed(f"{ssh} '{build}' <{archive}"),
        "file written": SIZE / MIB / timed(f"{ssh} 'cat >/dev/null' <{archive}"),
    }


async def write_context(path: Path) -> None:
    content = b"".join([piece async for piece in context()])
    await asyncio.to_thread(path.write_bytes, content)


def through(line: str) -> float:
    """MiB a second that a line of shell says that it has counted."""
    begin = time.perf_counter()
    return int(run("sh", "-c", line)) / MIB / (time.perf_counter() - begin)


def timed(line: str) -> float:
    begin = time.perf_counter()
    run("sh", "-c", line)
    return time.perf_counter() - begin


def bring_up(user: Client, host: str) -> tuple[float, float]:
    """Seconds of a bring-up, and of its process; the cluster is gone afterwards."""
    run("docker", "rmi", "--force", "bringup/data-storage:dev")
    bringup = Bringup(user.home, "bringup-bench", free_port())
    began = time.perf_counter()
    code, output = bringup("up", "--env", "kind", "--host", host, "--output", "json")
    took = time.perf_counter() - began
    assert code == 0, output[-3000:]
    ended = next(event for event in map(json.loads, output.splitlines()) if event["type"] == "run-finished")
    code, output = bringup("down", "--host", host)
    assert code == 0, output
    return ended["at"], took


async def both(server: Sshd) -> tuple[dict[str, float], dict[str, float]]:
    """The rates here and over SSH."""
    there = SshHost(server.address)
    await there.connect()
    try:
        return await rates(LocalHost()), await rates(there)
    finally:
        await there.close()


def measure_rates(user: Client, server: Sshd) -> None:
    rounds = [(*asyncio.run(both(server)), plain(user, server)) for _ in range(3)]
    for what in rounds[0][0]:
        near, far, command = (max(each[kind][what] for each in rounds) for kind in range(3))
        print(
            f"{what}: {far:.0f} MiB/s; {near:.0f} without SSH: {far / near:.0%};"
            f" {command:.0f} by the ssh command: {far / command:.0%}"
        )


def main(rounds: int) -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory(prefix="bringup-bench-") as name, machine(Path(name)) as (user, server):
        os.environ["HOME"] = str(user.home)
        (user.home / "plan.yaml").write_text(PLAN)
        taken = {host: [] for host in (LOCAL, server.address.url)}  # type: dict[str, list[float]]
        for _ in range(QUICK):
            for host, seconds in taken.items():
                seconds.append(first_step(user.home, host))
        near, far = (median(seconds) for seconds in taken.values())
        print(f"first step after {near:.3f} s here, {far:.3f} s over SSH: {far - near:.3f} s more")
        measure_rates(user, server)
        for number in range(rounds):
            # Each has its turn at being first, as the second finds files that are still in memory.
            hosts = [LOCAL, server.address.url][:: 1 if number % 2 == 0 else -1]
            ends = {host: bring_up(user, host) for host in hosts}
            (near, near_wall), (far, far_wall) = ends[LOCAL], ends[server.address.url]
            print(
                f"up in {near:.1f} s here, {far:.1f} s over SSH: {far / near:.2f} ×"
                f" (processes {near_wall:.1f} and {far_wall:.1f} s)"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
