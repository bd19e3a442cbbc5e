"""Logging in to machines, and why that fails: each for real."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import asyncssh
import pytest

from tests.contract.programs import said
from tests.hosts.failing import PASSPHRASE, Person, connected, reaches, refusal
from tui.hosts.ssh.configuration import read_configuration
from tui.plan.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.servers import Client, Sshd


def known_hosts(client: Client) -> str:
    return (client.home / ".ssh" / "known_hosts").read_text()


async def test_a_machine_that_refuses_the_connection(client: Client, own_sshd: Callable[..., Sshd]) -> None:
    server = await asyncio.to_thread(own_sshd)
    await asyncio.to_thread(server.stop)
    error = await refusal(server.address)
    assert error.cause == f"{server.address} cannot be used: it refuses the connection"
    assert "does sshd run there" in error.hint


async def test_a_name_that_does_not_resolve(client: Client) -> None:
    error = await refusal(Address("no-such-machine.invalid", "me"))
    assert error.cause == "me@no-such-machine.invalid cannot be used: its name does not resolve"
    assert "spelling" in error.hint


async def test_a_machine_that_speaks_another_language(client: Client) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        address = Address("127.0.0.1", port=server.sockets[0].getsockname()[1])
        error = await refusal(address)
    assert error.cause.startswith(f"{address} cannot be used: ")
    assert error.hint == f"does `ssh -p {address.port} 127.0.0.1` work?"


@pytest.mark.parametrize(
    ("command", "said"),
    [("echo no way >&2", "no way"), ("true", "nothing"), ("echo nonsense; exit 1", "nothing")],
)
async def test_what_a_proxy_command_says_is_told(client: Client, command: str, said: str) -> None:
    config = client.home / ".ssh" / "config"
    await asyncio.to_thread(config.write_text, f"Host box\n ProxyCommand sh -c '{command}'\n")
    error = await refusal(Address("box"))
    assert error.cause == f"box cannot be used: not connected; its ProxyCommand says: {said}"


class TestMachinesKey:
    @pytest.mark.parametrize("head", ["", "other ssh-ed25519 AAAA\n", "other ssh-ed25519 AAAA"])
    async def test_who_trusts_a_new_one_is_asked_once(self, client: Client, sshd: Sshd, head: str) -> None:
        path = client.home / ".ssh" / "known_hosts"
        await asyncio.to_thread(path.write_text, head)
        await asyncio.to_thread(client.configure, "HashKnownHosts no")
        person = Person(True)
        assert await reaches(sshd.address, person)
        assert f"[127.0.0.1]:{sshd.port} is not known yet" in person.asked[0]
        assert f"ED25519 key has the fingerprint {sshd.key.get_fingerprint()}" in person.asked[0]
        assert await reaches(sshd.address)
        text = await asyncio.to_thread(known_hosts, client)
        assert text.splitlines() == [
            *head.splitlines(),
            f"[127.0.0.1]:{sshd.port} {sshd.key.export_public_key().decode().strip()}",
        ]

    async def test_who_does_not_trust_a_new_one_is_not_let_in(self, client: Client, sshd: Sshd) -> None:
        error = await refusal(sshd.address, Person(False))
        assert error.cause == f"the key of [127.0.0.1]:{sshd.port} is not trusted"
        assert not await asyncio.to_thread((client.home / ".ssh" / "known_hosts").exists)

    async def test_a_new_one_where_nobody_can_be_asked(self, client: Client, sshd: Sshd) -> None:
        error = await refusal(sshd.address)
        assert error.cause.startswith(f"[127.0.0.1]:{sshd.port} is not known yet")
        assert sshd.key.get_fingerprint() in error.cause
        assert error.hint.endswith(f"log in once: `ssh -p {sshd.port} 127.0.0.1`")

    async def test_one_that_has_changed_is_never_trusted(self, client: Client, sshd: Sshd) -> None:
        old = asyncssh.generate_private_key("ssh-ed25519")
        path = client.home / ".ssh" / "known_hosts"
        line = f"[127.0.0.1]:{sshd.port} {old.export_public_key().decode()}"
        await asyncio.to_thread(path.write_text, line)
        person = Person()
        error = await refusal(sshd.address, person)
        assert error.cause.startswith(f"the key of [127.0.0.1]:{sshd.port} has changed")
        assert sshd.key.get_fingerprint() in error.cause
        assert old.get_fingerprint() in error.cause
        assert f'ssh-keygen -R "[127.0.0.1]:{sshd.port}" -f {path}' in error.hint
        assert person.asked == []
        assert await asyncio.to_thread(path.read_text) == line

    async def test_one_that_was_revoked(self, client: Client, sshd: Sshd) -> None:
        path = client.home / ".ssh" / "known_hosts"
        await asyncio.to_thread(path.write_text, f"@revoked * {sshd.key.export_public_key().decode()}")
        error = await refusal(sshd.address, Person())
        assert "its key cannot be verified" in error.cause
        assert "revoked" in error.cause

    async def test_a_file_of_keys_that_cannot_be_read(self, client: Client, sshd: Sshd) -> None:
        path = client.home / ".ssh" / "known_hosts"
        await asyncio.to_thread(path.mkdir)
        error = await refusal(sshd.address, Person())
        assert error.cause.startswith(f"{path} cannot be read: ")
        assert error.hint

    async def test_a_file_of_keys_that_cannot_be_written(self, client: Client, sshd: Sshd) -> None:
        path = client.home / ".ssh" / "hosts"
        await asyncio.to_thread(client.configure, "Host *", f"  UserKnownHostsFile {path}/no/hosts")
        await asyncio.to_thread(path.touch)
        error = await refusal(sshd.address, Person(True))
        assert f"{path}/no/hosts cannot be " in error.cause


class TestUsersKey:
    async def test_one_that_is_not_accepted(self, client: Client, own_sshd: Callable[..., Sshd]) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        await asyncio.to_thread(server.authorized.write_text, "")
        error = await refusal(server.address, Person())
        assert "@127.0.0.1 does not let us in" in error.cause
        assert f"it was offered {client.home}/.ssh/id_ed25519 and no agent's keys" in error.cause
        assert f"`ssh-copy-id -p {server.port} 127.0.0.1`" in error.hint

    async def test_none(self, client: Client, sshd: Sshd) -> None:
        await asyncio.to_thread(client.knows, sshd)
        await asyncio.to_thread((client.home / ".ssh" / "id_ed25519").unlink)
        assert "it was offered no key file and no agent's keys" in (await refusal(sshd.address)).cause

    async def test_a_locked_one_is_asked_for_until_it_opens(self, client: Client, sshd: Sshd) -> None:
        await asyncio.to_thread(client.knows, sshd)
        path = await asyncio.to_thread(client.write_key, "id_ed25519", PASSPHRASE)
        person = Person("wrong", PASSPHRASE)
        assert await reaches(sshd.address, person)
        assert person.asked[0] == f"Passphrase of {path} (nothing to leave it out)"
        assert len(person.asked) == 2

    @pytest.mark.parametrize("answers", [("",), ("wrong", "wrong", "wrong")])
    async def test_a_locked_one_that_stays_so(
        self, client: Client, sshd: Sshd, answers: tuple[str, ...]
    ) -> None:
        await asyncio.to_thread(client.knows, sshd)
        await asyncio.to_thread(client.write_key, "id_ed25519", PASSPHRASE)
        person = Person(*answers)
        assert "it was offered no key file" in (await refusal(sshd.address, person)).cause
        assert len(person.asked) == len(answers)

    async def test_a_locked_one_where_nobody_can_be_asked(self, client: Client, sshd: Sshd) -> None:
        await asyncio.to_thread(client.knows, sshd)
        path = await asyncio.to_thread(client.write_key, "id_ed25519", PASSPHRASE)
        error = await refusal(sshd.address)
        assert error.cause == f"{sshd.address} wants a key, and {path} is locked with a passphrase"
        assert f"`ssh-add {path}`" in error.hint

    async def test_of_several_locked_ones_each_is_asked_for(self, client: Client, sshd: Sshd) -> None:
        await asyncio.to_thread(client.knows, sshd)
        paths = [await asyncio.to_thread(client.write_key, name, PASSPHRASE) for name in ("one", "two")]
        await asyncio.to_thread((client.home / ".ssh" / "id_ed25519").unlink)
        await asyncio.to_thread(client.configure, "Host *", *(f"  IdentityFile {path}" for path in paths))
        person = Person("", PASSPHRASE)
        assert await reaches(sshd.address, person)
        assert [str(path) in question for path, question in zip(paths, person.asked, strict=True)] == [
            True
        ] * 2

    async def test_one_that_was_opened_opens_the_next_connection_too(
        self, client: Client, own_sshd: Callable[..., Sshd]
    ) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        await asyncio.to_thread(client.write_key, "id_ed25519", PASSPHRASE)
        person = Person(PASSPHRASE)
        async with connected(server.address, person) as host:
            await asyncio.to_thread(server.cut)
            with contextlib.suppress(Exception):
                await said(host, "true")
            assert await said(host, "echo", "hello") == ["hello"]
        assert len(person.asked) == 1

    async def test_one_of_an_agent(self, client: Client, sshd: Sshd, agent: Path) -> None:
        await asyncio.to_thread(client.knows, sshd)
        key = await asyncio.to_thread(client.write_key, "id_ed25519")
        await asyncio.to_thread(_add, key)
        await asyncio.to_thread(key.unlink)
        assert await reaches(sshd.address)

    @pytest.mark.parametrize(
        ("named", "only", "is_let_in"),
        [("id_ed25519.pub", "yes", True), ("other.pub", "yes", False), ("other.pub", "no", True)],
    )
    async def test_which_of_an_agent_are_offered(
        self, client: Client, sshd: Sshd, agent: Path, named: str, only: str, is_let_in: bool
    ) -> None:
        await asyncio.to_thread(client.knows, sshd)
        key = await asyncio.to_thread(client.write_key, "id_ed25519")
        await asyncio.to_thread(_add, key)
        await asyncio.to_thread(key.unlink)
        other = asyncssh.generate_private_key("ssh-ed25519")
        for name, each in (("id_ed25519.pub", client.key), ("other.pub", other)):
            await asyncio.to_thread(key.with_name(name).write_bytes, each.export_public_key())
        lines = ("Host *", f" IdentityFile {key.with_name(named)}", f" IdentitiesOnly {only}")
        await asyncio.to_thread(client.configure, *lines)
        if is_let_in:
            assert await reaches(sshd.address)
        else:
            assert "does not let us in" in (await refusal(sshd.address)).cause

    async def test_a_passphrase_is_not_asked_for_where_the_agent_has_the_key(
        self, client: Client, own_sshd: Callable[..., Sshd], agent: Path
    ) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        await asyncio.to_thread(_add, client.home / ".ssh" / "id_ed25519")
        key = await asyncio.to_thread(client.write_key, "id_ed25519", PASSPHRASE)
        await asyncio.to_thread(key.with_name("id_ed25519.pub").write_bytes, client.key.export_public_key())
        assert await reaches(server.address, Person())
        await asyncio.to_thread(server.authorized.write_text, "")
        assert "does not let us in" in (await refusal(server.address, Person())).cause

    async def test_an_agent_of_the_configuration(
        self, client: Client, sshd: Sshd, agent: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await asyncio.to_thread(client.knows, sshd)
        key = await asyncio.to_thread(client.write_key, "id_ed25519")
        await asyncio.to_thread(_add, key)
        await asyncio.to_thread(key.unlink)
        monkeypatch.delenv("SSH_AUTH_SOCK")
        assert "no agent's keys" in (await refusal(sshd.address)).cause
        monkeypatch.setenv("MY_AGENT", str(agent))
        for name in (str(agent), "$MY_AGENT", "${MY_AGENT}"):
            await asyncio.to_thread(client.configure, f"IdentityAgent {name}")
            assert await reaches(sshd.address)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
        await asyncio.to_thread(client.configure, "IdentityAgent none")
        assert "no agent's keys" in (await refusal(sshd.address)).cause

    async def test_an_agent_that_is_gone_is_no_fault(
        self, client: Client, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await asyncio.to_thread(client.knows, sshd)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(client.home / "no-agent"))
        assert await reaches(sshd.address)


class TestConfiguration:
    async def test_a_host_of_it(
        self, client: Client, own_sshd: Callable[..., Sshd], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        key = await asyncio.to_thread(client.write_key, "special")
        await asyncio.to_thread((client.home / ".ssh" / "id_ed25519").unlink)
        user = await asyncio.to_thread(_user)
        await asyncio.to_thread(
            client.configure,
            *("Host box", "  HostName 127.0.0.1", f"  Port {server.port}", f"  User {user}"),
            f"  IdentityFile {key}",
        )
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.setenv(name, "no-such-user")
        assert await reaches(Address("box"))
        error = await refusal(Address("box", "no-such-user"))
        assert error.cause.startswith("no-such-user@box does not let us in")

    async def test_one_for_everybody(self, client: Client) -> None:
        own = await asyncio.to_thread(_words_of_everybody)
        assert (await read_configuration(Address("box"))).hash_names == ("hashknownhosts yes" in own)

    async def test_a_new_machine_is_noted_as_the_user_wants_it(self, client: Client, sshd: Sshd) -> None:
        await asyncio.to_thread(client.configure, "HashKnownHosts yes", "StrictHostKeyChecking accept-new")
        assert await reaches(sshd.address)
        assert (await asyncio.to_thread(known_hosts, client)).startswith("|1|")
        await asyncio.to_thread(client.configure, "StrictHostKeyChecking yes")
        assert await reaches(sshd.address)

    async def test_without_the_ssh_program(
        self, client: Client, own_sshd: Callable[..., Sshd], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = await asyncio.to_thread(own_sshd)
        await asyncio.to_thread(client.knows, server)
        lines = ("Host box", "  HostName 127.0.0.1", f"  Port {server.port}", "  IdentityFile ~/no_such")
        await asyncio.to_thread(client.configure, *lines, "  IdentityFile ~/.ssh/id_ed25519")
        monkeypatch.setenv("PATH", "/no/such/folder")
        assert await reaches(Address("box"))
        await asyncio.to_thread(client.configure, "Host box", "  Port many")
        assert (await refusal(Address("box"))).cause.startswith("the SSH configuration for box is not usable")

    async def test_one_that_cannot_be_read(self, client: Client) -> None:
        await asyncio.to_thread(client.configure, "Host box", "  Port many")
        error = await refusal(Address("box"))
        assert error.cause.startswith("the SSH configuration for box is not usable: ")
        assert "line 2: Bad" in error.cause
        assert error.hint == "mend ~/.ssh/config, or the file that is named; `ssh -G box` checks it"


@pytest.fixture
def agent(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of an agent of the test's own."""
    path = tmp_path / "agent"
    try:
        process = subprocess.Popen(("ssh-agent", "-D", "-a", str(path)), stdout=subprocess.PIPE)
    except FileNotFoundError:
        pytest.skip("needs ssh-agent")
    with process:
        assert process.stdout is not None
        process.stdout.readline()  # it says where it is as soon as it is there
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        yield path
        process.terminate()


def _add(key: Path) -> None:
    subprocess.run(("ssh-add", str(key)), check=True, capture_output=True)


def _words_of_everybody() -> str:
    """What OpenSSH makes of the file for all users alone."""
    argv = ("ssh", "-G", "-F", "/etc/ssh/ssh_config", "box")
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
