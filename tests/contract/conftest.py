"""Each host of the contract suite, and a look at what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import places
from tests.contract.fixtures import client, peer, small, sshd, user_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.contract.places import Place
    from tui.hosts.host import Host

__all__ = ["client", "peer", "small", "sshd", "user_key"]


@pytest.fixture(params=["local", "openssh", "asyncssh"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each machine in turn."""
    if request.param == "local":
        return places.local(request.getfixturevalue("tmp_path"))
    return _remote(request)


@pytest.fixture(params=["openssh", "asyncssh"])
def remote_place(request: pytest.FixtureRequest) -> Place:
    """Each machine over SSH in turn."""
    return _remote(request)


@pytest.fixture
async def host(place: Place) -> AsyncIterator[Host]:
    """A host of each kind, of which nothing may be left."""
    async for host in _lasting(place):
        yield host


@pytest.fixture
async def remote(remote_place: Place) -> AsyncIterator[Host]:
    """A host over SSH of each kind, of which nothing may be left."""
    async for host in _lasting(remote_place):
        yield host


def _remote(request: pytest.FixtureRequest) -> Place:
    server = request.getfixturevalue({"openssh": "sshd", "asyncssh": "peer"}[request.param])
    return places.remote(server, request.getfixturevalue("client"))


async def _lasting(place: Place) -> AsyncIterator[Host]:
    host = place.host()
    await host.connect()
    yield host
    await host.close()
    assert await place.settled() == []
