"""A person at a command line, and machines that they bring plans up on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.fixtures import client, own_sshd, user_key
from tests.ssh.user import User, settled
from tests.ssh.web import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.servers import Client, Sshd

__all__ = ["client", "own_sshd", "user_key", "web"]


@pytest.fixture
def user(client: Client, tmp_path: Path) -> User:
    """The person, in a folder for plans."""
    folder = tmp_path / "work"
    folder.mkdir()
    return User(folder, client)


@pytest.fixture
def machine(user: User, own_sshd: Callable[..., Sshd]) -> Iterator[Callable[..., Sshd]]:
    """Makes machines that the person knows; nothing of bringup's may be left on any."""
    made: list[Sshd] = []

    def make(name: str = "far", *options: str, **variables: str) -> Sshd:
        server = own_sshd(*options, environment={"PLACE": name, **variables})
        user.client.knows(server)
        made.append(server)
        return server

    yield make
    assert [left for server in made for left in settled(server)] == []


@pytest.fixture
def far(machine: Callable[..., Sshd]) -> Sshd:
    """A machine on which PLACE is `far`."""
    return machine()
