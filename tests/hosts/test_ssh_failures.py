"""Machines that let us in, and lack something then: each for real."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import said
from tests.contract.servers import needs_root
from tests.hosts.failing import connected, refusal
from tests.hosts.test_container_engine import DOCKER, speaks
from tui.errors import NotReadyError
from tui.hosts.host import HostFullError
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.contract.servers import Client, Sshd
    from tui.hosts.ssh.host import SshHost

    Starting = Callable[..., Sshd]

SPEAKING = 'ForceCommand echo "Welcome!"; echo "Mind the gap." >&2; eval "$SSH_ORIGINAL_COMMAND"'
NOBODY = "exec setpriv --reuid=65534 --regid=65534 --clear-groups"


@contextlib.asynccontextmanager
async def machine(
    start: Starting, client: Client, *options: str, **variables: str
) -> AsyncIterator[tuple[SshHost, Sshd]]:
    """A machine of such a configuration, which is connected to."""
    server = await asyncio.to_thread(start, *options, environment=variables)
    await asyncio.to_thread(client.knows, server)
    async with connected(server.address) as host:
        yield host, server


async def content(size: int) -> AsyncIterator[bytes]:
    yield b"x" * size


async def usual_engine(host: SshHost, path: Path) -> None:
    """Looks that the engine at a path is found; this machine's own comes first, if it has one."""
    engine = await host.engine()
    usual = ("/var/run/docker.sock", str(path))
    assert engine.environment["DOCKER_HOST"] in [f"unix://{each}" for each in usual]


class TestEngine:
    async def test_one_that_answers(self, client: Client, own_sshd: Starting, tmp_path: Path) -> None:
        async with (
            speaks(tmp_path / "e.sock", DOCKER) as url,
            machine(own_sshd, client, DOCKER_HOST=url) as (host, _),
        ):
            engine = await host.engine()
            assert (engine.version, engine.flavour) == ("27.1.0", "docker")
            assert engine.found == f"DOCKER_HOST at {host.name}"
            assert engine.environment["DOCKER_HOST"] == url
            assert engine.url != url
            assert await host.engine() is engine

    async def test_one_at_a_usual_place(self, client: Client, own_sshd: Starting) -> None:
        async with machine(own_sshd, client) as (host, server):
            path = server.home / ".docker" / "run" / "docker.sock"
            async with speaks(path, DOCKER):
                await usual_engine(host, path)

    async def test_one_beside_a_dead_one(self, client: Client, own_sshd: Starting) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        left = server.home / ".rd" / "docker.sock"
        await asyncio.to_thread(_dead_socket, left)
        async with connected(server.address) as host:
            path = server.home / ".docker" / "run" / "docker.sock"
            async with speaks(path, DOCKER):
                await usual_engine(host, path)

    @pytest.mark.e2e
    async def test_this_machines_own(self, client: Client, own_sshd: Starting) -> None:
        here = await LocalHost().engine()
        async with machine(own_sshd, client, DOCKER_HOST=here.url) as (host, _):
            there = await host.engine()
            assert (there.version, there.flavour) == (here.version, here.flavour)
            async with here.client() as near, there.client() as far:
                assert (await near.system.info())["ID"] == (await far.system.info())["ID"]

    async def test_none(self, client: Client, own_sshd: Starting, tmp_path: Path) -> None:
        path = tmp_path / "no.sock"
        async with machine(own_sshd, client, DOCKER_HOST=f"unix://{path}") as (host, _):
            error = await engine_refusal(host)
            assert error.cause == f"no container engine answers at {host.name}"
            assert error.hint == "start Docker or Podman there, or install one"
            assert error.details == (f"unix://{path} (DOCKER_HOST): no such socket",)

    async def test_one_that_comes_later(self, client: Client, own_sshd: Starting, tmp_path: Path) -> None:
        path = tmp_path / "e.sock"
        async with machine(own_sshd, client, DOCKER_HOST=f"unix://{path}") as (host, _):
            await engine_refusal(host)
            async with speaks(path, DOCKER):
                assert (await host.engine()).version == "27.1.0"

    async def test_one_that_is_not_listened_for(
        self, client: Client, own_sshd: Starting, tmp_path: Path
    ) -> None:
        path = tmp_path / "e.sock"
        await asyncio.to_thread(_dead_socket, path)
        async with machine(own_sshd, client, DOCKER_HOST=f"unix://{path}") as (host, _):
            error = await engine_refusal(host)
            assert error.details[0].endswith("it cannot be connected to: open failed")
            assert "does it run there" in error.hint

    async def test_one_that_is_no_socket(self, client: Client, own_sshd: Starting) -> None:
        async with machine(own_sshd, client, DOCKER_HOST="tcp://10.0.0.1:2375") as (host, _):
            error = await engine_refusal(host)
            assert "only an engine at a Unix socket can be used over SSH" in error.details[0]
            assert error.hint == "choose another engine there"

    @needs_root
    @pytest.mark.parametrize("named", [True, False], ids=["named", "usual"])
    async def test_one_that_its_user_may_not_use(
        self, client: Client, own_sshd: Starting, open_home: Path, named: bool
    ) -> None:
        path = open_home / ".docker" / "run" / "docker.sock"
        variables = {"HOME": str(open_home), **({"DOCKER_HOST": f"unix://{path}"} if named else {})}
        force = f'ForceCommand {NOBODY} sh -c "$SSH_ORIGINAL_COMMAND"'
        async with speaks(path, DOCKER), machine(own_sshd, client, force, **variables) as (host, _):
            await asyncio.to_thread(path.chmod, 0o600)
            error = await engine_refusal(host)
            assert f"unix://{path} " in " ".join(error.details)
            assert "permission denied" in " ".join(error.details)
            assert "usermod -aG docker" in error.hint

    async def test_forwards_to_it_that_are_forbidden(
        self, client: Client, own_sshd: Starting, tmp_path: Path
    ) -> None:
        async with (
            speaks(tmp_path / "e.sock", DOCKER) as url,
            machine(own_sshd, client, "AllowStreamLocalForwarding no", DOCKER_HOST=url) as (host, _),
        ):
            error = await engine_refusal(host)
            assert error.cause == f"no container engine answers at {host.name}"
            assert "AllowStreamLocalForwarding" in error.hint


class TestForwards:
    @pytest.mark.parametrize("option", ["AllowTcpForwarding no", "PermitOpen 127.0.0.1:1"])
    async def test_forbidden(self, client: Client, own_sshd: Starting, option: str) -> None:
        async with machine(own_sshd, client, option) as (host, _):
            for forward in (host.forward, host.socket):
                with pytest.raises(NotReadyError) as caught:
                    await forward(8080)
                assert (
                    caught.value.cause == f"{host.name} does not forward its port 8080: its sshd forbids that"
                )
                assert "AllowTcpForwarding" in caught.value.hint
            assert dict(host.forwards) == {}


class TestFiles:
    @pytest.mark.parametrize("subsystem", ["other /bin/true", "sftp /no/such/sftp-server", "sftp /bin/true"])
    async def test_no_sftp(self, client: Client, own_sshd: Starting, subsystem: str) -> None:
        async with machine(own_sshd, client, f"Subsystem {subsystem}") as (host, server):
            with pytest.raises(NotReadyError) as caught:
                await host.write(server.home / "file", content(1))
            assert caught.value.cause.startswith(f"{host.name} cannot store files: ")
            assert "Subsystem sftp" in caught.value.hint
            assert await said(host, "echo", "hello") == ["hello"]

    async def test_start_up_files_that_speak_among_them(self, client: Client, own_sshd: Starting) -> None:
        async with machine(own_sshd, client, SPEAKING) as (host, server):
            with pytest.raises(NotReadyError) as caught:
                await host.write(server.home / "file", content(1))
            assert caught.value.cause.startswith(f"{host.name} cannot store files: ")
            assert "print" in caught.value.hint

    async def test_no_place_for_them(self, client: Client, own_sshd: Starting) -> None:
        async with machine(own_sshd, client, XDG_CACHE_HOME="/dev/null/cache") as (host, _):
            with pytest.raises(HostFullError) as caught:
                async with host.scratch():
                    pass
            assert caught.value.cause.startswith(f"{host.name} cannot store files: ")
            assert "/dev/null" in caught.value.cause
            assert caught.value.hint
            assert await said(host, "echo", "hello") == ["hello"]

    async def test_no_room_for_them(self, client: Client, own_sshd: Starting, small: Path) -> None:
        place = machine(own_sshd, client, XDG_CACHE_HOME=str(small))
        async with place as (host, _), host.scratch() as folder:
            with pytest.raises(HostFullError) as caught:
                await host.write(folder / "file", content(3_000_000))
            assert host.name in caught.value.cause
            assert str(small) in caught.value.cause
            assert "make room" in caught.value.hint


class TestShell:
    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ("echo This account is not available.; exit 1", "This account is not available."),
            ("exit 0", "it says nothing"),
            ("echo no shell >&2; exit 127", "no shell"),
        ],
    )
    async def test_one_that_runs_nothing(
        self, client: Client, own_sshd: Starting, command: str, words: str
    ) -> None:
        server = await asyncio.to_thread(own_sshd, f"ForceCommand {command}")
        await asyncio.to_thread(client.knows, server)
        error = await refusal(server.address)
        assert error.cause == f"{server.address} runs no commands: {words}"
        assert error.hint == "the user there needs a login shell, and sh"

    async def test_one_that_speaks_first(self, client: Client, own_sshd: Starting) -> None:
        async with machine(own_sshd, client, SPEAKING) as (host, server):
            assert await said(host, "sh", "-c", "echo one; echo two >&2") == ["one", "two"]
            assert (await host.machine()).home == str(server.home)

    async def test_one_whose_start_up_file_speaks(self, client: Client, own_sshd: Starting) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        for name in (".bashrc", ".zshenv"):
            await asyncio.to_thread((server.home / name).write_text, "echo Welcome!; echo Hm. >&2\n")
        async with connected(server.address) as host:
            assert await said(host, "echo", "hello") == ["hello"]

    async def test_one_whose_start_up_file_starts_what_reads_the_input(
        self, client: Client, own_sshd: Starting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tui.hosts.ssh.connection._FACTS", 0.3)
        server = await asyncio.to_thread(own_sshd, "ForceCommand exec cat")
        await asyncio.to_thread(client.knows, server)
        error = await refusal(server.address)
        assert error.cause == f"{server.address} runs no command within 0.3 s"
        assert "~/.bashrc" in error.hint

    async def test_one_that_says_much_first(self, client: Client, own_sshd: Starting) -> None:
        much = "head -c {} /dev/zero | tr '\\0' 'x'"
        first = f"{much.format(30_000_000)}; {much.format(2_000_000)} >&2"
        async with machine(own_sshd, client, f'ForceCommand {first}; eval "$SSH_ORIGINAL_COMMAND"') as (
            host,
            _,
        ):
            tracemalloc.start()
            assert await said(host, "echo", "hello") == ["hello"]
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
            tracemalloc.stop()

    @pytest.mark.parametrize("shell", ["csh", "fish", "zsh"])
    async def test_one_of_another_language(self, client: Client, own_sshd: Starting, shell: str) -> None:
        if not await asyncio.to_thread(shutil.which, shell):
            pytest.skip(f"needs {shell}")
        async with machine(own_sshd, client, f'ForceCommand exec {shell} -c "$SSH_ORIGINAL_COMMAND"') as (
            host,
            _,
        ):
            odd = "it's! `$(a)`\\n\n%s"
            assert await said(host, "printf", "%s", odd) == odd.split("\n")

    async def test_one_that_is_slow_to_start(self, client: Client, own_sshd: Starting) -> None:
        slow = 'ForceCommand sleep 0.3; eval "$SSH_ORIGINAL_COMMAND"'
        async with machine(own_sshd, client, slow) as (host, _):
            assert await said(host, "echo", "hello") == ["hello"]


@pytest.mark.parametrize("most", [1, 3])
async def test_few_sessions_a_connection(client: Client, own_sshd: Starting, most: int) -> None:
    async with machine(own_sshd, client, f"MaxSessions {most}") as (host, _), host.scratch() as folder:
        await host.write(folder / "file", content(10))
        programs = [said(host, "sh", "-c", f"sleep 0.2; cat {folder}/file") for _ in range(5)]
        assert await asyncio.gather(*programs) == [["x" * 10]] * 5


async def test_no_session(client: Client, own_sshd: Starting) -> None:
    server = await asyncio.to_thread(own_sshd, "MaxSessions 0")
    await asyncio.to_thread(client.knows, server)
    error = await refusal(server.address)
    assert error.cause == f"{server.address} allows no session: open failed"
    assert "MaxSessions" in error.hint


async def engine_refusal(host: SshHost) -> NotReadyError:
    with pytest.raises(NotReadyError) as caught:
        await host.engine()
    return caught.value


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home that everybody may go into, unlike a test's folder."""
    with tempfile.TemporaryDirectory(prefix="bringup-home-") as name:
        home = Path(name)
        home.chmod(0o755)
        yield home


def _dead_socket(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(path))
