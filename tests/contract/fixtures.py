"""Servers and their user's own side as fixtures; a `conftest.py` imports those that its tests use."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import asyncssh
import pytest

from tests.contract.servers import SSHD, Client, Peer, Sshd, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def user_key() -> asyncssh.SSHKey:
    """The key that servers accept."""
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_key: asyncssh.SSHKey) -> Client:
    """A home of the test's own, with the user's key; no agent."""
    client = Client(tmp_path / "user", user_key)
    monkeypatch.setenv("HOME", str(client.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return client


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory, user_key: asyncssh.SSHKey) -> Iterator[Sshd]:
    """An OpenSSH server as most machines have it."""
    if SSHD is None:
        pytest.skip("needs OpenSSH's sshd")
    with running(Sshd(tmp_path_factory.mktemp("sshd"), [user_key])) as server:
        yield server


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory, user_key: asyncssh.SSHKey) -> Iterator[Peer]:
    """A server of asyncssh's."""
    with running(Peer(tmp_path_factory.mktemp("peer"), [user_key])) as server:
        yield server


@pytest.fixture
def own_sshd(tmp_path: Path, user_key: asyncssh.SSHKey) -> Iterator[Callable[..., Sshd]]:
    """Makes OpenSSH servers of the test's own, with lines of configuration and an `environment`."""
    if SSHD is None:
        pytest.skip("needs OpenSSH's sshd")
    servers: list[Sshd] = []

    def start(*options: str, **given: dict[str, str]) -> Sshd:
        servers.append(Sshd(tmp_path / f"sshd-{len(servers)}", [user_key], options, **given))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    argv = ("mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder))
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a small file system")
    yield folder
    subprocess.run(("umount", "-l", str(folder)), check=True)
