"""Connections that are lost in the middle of something: each for real."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.places import settled
from tests.contract.programs import Started, said
from tests.contract.test_forwards import echo, through_port, through_socket
from tests.hosts.failing import connected
from tests.hosts.test_container_engine import DOCKER, speaks
from tests.processes import needs_proc
from tui.errors import NotReadyError
from tui.hosts.host import HostLostError
from tui.hosts.ssh import login

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from tests.contract.servers import Client, Sshd
    from tui.hosts.ssh.host import SshHost

__all__ = ["echo"]

pytestmark = needs_proc

OBEDIENT = "sleep 60 & echo ready $$ $!; wait"
STUBBORN = "trap '' TERM; sleep 60 & echo ready $$ $!; while :; do sleep 1; done"


@pytest.fixture
def server(own_sshd: Callable[..., Sshd], client: Client) -> Sshd:
    """A machine that is known."""
    server = own_sshd()
    client.knows(server)
    return server


@pytest.fixture
async def host(server: Sshd) -> AsyncIterator[SshHost]:
    """It, connected to; of which nothing may be left."""
    async with connected(server.address) as host:
        yield host
    assert await settled(server.left) == []


async def cut(server: Sshd) -> None:
    await asyncio.to_thread(server.cut)


async def comes(check: Callable[[], Awaitable[bool]]) -> bool:
    """Whether something works before long."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            if await check():
                return True
        await asyncio.sleep(0.1)
    return False


async def test_in_a_command(host: SshHost, server: Sshd) -> None:
    started = Started(host, STUBBORN)
    await started.ready.wait()
    await cut(server)
    with pytest.raises(HostLostError) as caught:
        await started.task
    assert caught.value.cause.startswith(f"the connection to {host.name} was lost: ")
    assert caught.value.hint.startswith("try again")
    assert await started.gone()
    assert await said(host, "echo", "hello") == ["hello"]


async def test_its_end_ends_the_group_where_nobody_comes_again(host: SshHost, server: Sshd) -> None:
    started = Started(host, OBEDIENT)
    await started.ready.wait()
    await asyncio.to_thread(server.stop_listening)
    await cut(server)
    with pytest.raises(HostLostError):
        await started.task
    assert await started.gone()


async def test_while_a_command_starts(host: SshHost, server: Sshd) -> None:
    tasks = [asyncio.create_task(host.run(("sleep", "60"))) for _ in range(6)]
    await asyncio.sleep(0.02)
    await cut(server)
    for task in tasks:
        with contextlib.suppress(HostLostError, NotReadyError):
            async with asyncio.timeout(5):
                await task
        task.cancel()  # one that came later runs over the next connection
    await asyncio.wait(tasks)


async def test_in_many_commands_over_several_connections(host: SshHost, server: Sshd) -> None:
    started = [Started(host, OBEDIENT) for _ in range(12)]
    await asyncio.gather(*(each.ready.wait() for each in started))
    await cut(server)
    ended = await asyncio.gather(*(each.task for each in started), return_exceptions=True)
    assert {type(each) for each in ended} == {HostLostError}
    assert all([await each.gone() for each in started])


async def test_of_several_connections_the_first_which_carries_the_forwards(
    host: SshHost, server: Sshd, echo: int
) -> None:
    first = await asyncio.to_thread(lambda: server.carriers)
    port = await host.forward(echo)
    started = [Started(host, OBEDIENT) for _ in range(12)]
    await asyncio.gather(*(each.ready.wait() for each in started))
    assert len(await asyncio.to_thread(lambda: server.carriers)) > len(first)
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    ended = await asyncio.gather(*(each.task for each in started), return_exceptions=True)
    assert {type(each) for each in ended} == {HostLostError}

    async def leads() -> bool:
        return await through_port(port, b"a") == b"a"

    assert await comes(leads)
    async with host.scratch():
        assert await said(host, "echo", "hello") == ["hello"]


async def test_in_writing(host: SshHost, server: Sshd, tmp_path: Path) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await cut(server)
        while True:
            yield b"x" * 100_000
            await asyncio.sleep(0.01)

    with pytest.raises(HostLostError):
        await host.write(tmp_path / "file", content())


async def test_in_copying(host: SshHost, server: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "source"
    await asyncio.to_thread(source.mkdir)
    for number in range(200):
        await asyncio.to_thread((source / str(number)).write_bytes, b"x" * 1000)
    copying = asyncio.create_task(host.copy(source, tmp_path / "there"))
    assert await comes(lambda: asyncio.to_thread((tmp_path / "there" / "0").exists))
    await cut(server)
    with pytest.raises(HostLostError):
        await copying


async def test_in_a_scratch_folder(host: SshHost, server: Sshd) -> None:
    with pytest.raises(HostLostError):
        await _lose_in_scratch(host, server)
    assert await said(host, "echo", "hello") == ["hello"]


async def _lose_in_scratch(host: SshHost, server: Sshd) -> None:
    async with host.scratch():
        await cut(server)
        await host.run(("sleep", "1"))
        await host.run(("sleep", "1"))
        raise HostLostError("it was noticed too late")


async def test_forwards_work_again_where_they_were(host: SshHost, server: Sshd, echo: int) -> None:
    port, path = await host.forward(echo), await host.socket(echo)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    await cut(server)
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()

    async def works() -> bool:
        return await through_port(port, b"a") == b"a" and await through_socket(str(path), b"b") == b"b"

    assert await comes(works)
    assert await host.forward(echo) == port
    assert await host.socket(echo) == path
    assert dict(host.forwards) == {port: ("127.0.0.1", echo)}


async def test_a_way_that_somebody_takes_meanwhile(host: SshHost, server: Sshd, echo: int) -> None:
    port = await host.forward(echo)
    await asyncio.to_thread(server.stop_listening)
    await cut(server)
    assert await comes(lambda: _is_closed(port))
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
        await asyncio.to_thread(server.start)
        assert await comes(lambda: _moved(host, port))
        assert await through_port(await host.forward(echo), b"a") == b"a"


async def _is_closed(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def _moved(host: SshHost, port: int) -> bool:
    return port not in host.forwards


async def test_the_engine_answers_again_where_it_was(
    own_sshd: Callable[..., Sshd], client: Client, tmp_path: Path
) -> None:
    async with speaks(tmp_path / "e.sock", DOCKER) as url:
        server = await asyncio.to_thread(own_sshd, environment={"DOCKER_HOST": url})
        await asyncio.to_thread(client.knows, server)
        async with connected(server.address) as host:
            engine = await host.engine()
            await cut(server)
            await asyncio.sleep(0.1)
            assert (await host.engine()).url == engine.url
            async with engine.client() as docker:
                said = await docker._query_json("version", versioned_api=False)
                assert said["Version"] == "27.1.0"


async def test_a_machine_that_is_down_and_comes_up_again(host: SshHost, server: Sshd) -> None:
    await asyncio.to_thread(server.stop)
    with pytest.raises((HostLostError, NotReadyError)):
        await said(host, "true")
    with pytest.raises(NotReadyError) as caught:
        await said(host, "true")
    assert "refuses the connection" in caught.value.cause
    await asyncio.to_thread(server.start)
    assert await said(host, "echo", "hello") == ["hello"]


async def test_closing_ends_what_a_lost_connection_has_left(frozen: Callable[[], None], server: Sshd) -> None:
    async with connected(server.address) as host:
        started = Started(host, OBEDIENT)
        await started.ready.wait()
        await asyncio.to_thread(frozen)
        with pytest.raises(HostLostError):
            await started.task
    assert await started.gone()


async def test_closing_a_machine_that_is_down(server: Sshd) -> None:
    async with connected(server.address):
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 15


def _kept(server: Sshd, name: str, keeper: int, node: str) -> Path:
    """A folder as a connection has it there."""
    folder = server.cache / f"ssh-{name}-{keeper}@{node}"
    (folder / "step").mkdir(parents=True)
    return folder


async def test_what_a_crash_has_left_is_removed(server: Sshd) -> None:
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    here = platform.node()
    keepers = {
        "crashed": (ended.pid, here),
        "used": (os.getpid(), here),
        "elsewhere": (ended.pid, f"other-{here}"),
    }
    folders = [await asyncio.to_thread(_kept, server, name, *keeper) for name, keeper in keepers.items()]
    crashed, *kept = map(str, folders)
    async with connected(server.address):
        assert await settled(lambda: [path for path in server.left() if path == crashed]) == []
    assert await settled(lambda: [path for path in server.left() if path not in kept]) == []
    assert sorted(await asyncio.to_thread(server.left)) == sorted(kept)


@pytest.mark.parametrize(
    "frozen", [(0.2, 3), pytest.param(login.KEEPALIVE, marks=pytest.mark.e2e)], indirect=True, ids=str
)
async def test_a_frozen_machine_is_noticed_and_tidied(frozen: Callable[[], None], host: SshHost) -> None:
    started = Started(host, STUBBORN)
    await started.ready.wait()
    await asyncio.to_thread(frozen)
    async with asyncio.timeout(15):
        with pytest.raises(HostLostError):
            await started.task
    assert await said(host, "echo", "hello") == ["hello"]
    assert await started.gone()


@pytest.fixture
def frozen(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server: Sshd
) -> Iterator[Callable[[], None]]:
    """Freezes what carries the connections until then; whether it is there is asked for more often."""
    monkeypatch.setattr(login, "KEEPALIVE", getattr(request, "param", (0.2, 3)))
    stopped: list[int] = []

    def freeze() -> None:
        for pid in server.carriers:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)

    yield freeze
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
