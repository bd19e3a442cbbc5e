"""Logging in through other machines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh
import pytest

from tests.contract.programs import said
from tests.hosts.failing import PASSPHRASE, Person, connected, reaches, refusal
from tui.plan.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.servers import Client, Sshd


class TestJump:
    @pytest.fixture
    def hops(self, client: Client, own_sshd: Callable[..., Sshd]) -> tuple[Sshd, Sshd]:
        """A machine that leads on, and one that lies behind it."""
        hop, goal = own_sshd(), own_sshd()
        client.configure(
            *("Host goal", "  HostName 127.0.0.1", f"  Port {goal.port}", "  ProxyJump hop"),
            *("Host hop", "  HostName 127.0.0.1", f"  Port {hop.port}"),
        )
        return hop, goal

    async def test_a_machine_behind_another(self, client: Client, hops: tuple[Sshd, Sshd]) -> None:
        hop, goal = hops
        await asyncio.to_thread(client.knows, hop, goal)
        async with connected(Address("goal")) as host:
            assert await said(host, "sh", "-c", "echo $MARK") == [goal.mark]
            assert await asyncio.to_thread(lambda: hop.carriers)
        assert await _free(hop)

    @pytest.mark.parametrize("missing", [0, 1], ids=["hop", "goal"])
    async def test_each_machine_on_the_way_has_to_be_known(
        self, client: Client, hops: tuple[Sshd, Sshd], missing: int
    ) -> None:
        await asyncio.to_thread(client.knows, hops[1 - missing])
        error = await refusal(Address("goal"))
        assert error.cause.startswith(f"[127.0.0.1]:{hops[missing].port} is not known yet")
        assert await _free(hops[0])
        person = Person(True)
        assert await reaches(Address("goal"), person)
        assert len(person.asked) == 1

    async def test_a_hop_that_does_not_lead_there(self, client: Client, hops: tuple[Sshd, Sshd]) -> None:
        hop, goal = hops
        await asyncio.to_thread(client.knows, hop, goal)
        await asyncio.to_thread(goal.stop)
        error = await refusal(Address("goal"))
        assert error.cause.startswith("goal cannot be used: its jump host does not lead there")
        assert await _free(hop)

    async def test_a_locked_key_for_the_hop_alone(self, client: Client, hops: tuple[Sshd, Sshd]) -> None:
        hop, goal = hops
        await asyncio.to_thread(client.knows, hop, goal)
        other = asyncssh.generate_private_key("ssh-ed25519")
        path = client.home / ".ssh" / "for_the_hop"
        await asyncio.to_thread(
            path.write_bytes,
            other.export_private_key("openssh", PASSPHRASE, rounds=1, ignore_few_rounds=True),
        )
        await asyncio.to_thread(path.chmod, 0o600)
        await asyncio.to_thread(hop.authorized.write_bytes, other.export_public_key())
        config = client.home / ".ssh" / "config"
        text = await asyncio.to_thread(config.read_text)
        await asyncio.to_thread(config.write_text, f"{text}  IdentityFile {path}\n")
        assert await reaches(Address("goal"), Person(PASSPHRASE))

    async def test_a_circle(self, client: Client) -> None:
        await asyncio.to_thread(
            client.configure, "Host box", "  ProxyJump other", "Host other", "  ProxyJump box"
        )
        error = await refusal(Address("box"))
        assert "lies behind too many jumps" in error.cause


async def _free(server: Sshd) -> bool:
    """Whether a server's last connection ends in time."""
    for _ in range(100):
        if not await asyncio.to_thread(lambda: server.carriers):
            return True
        await asyncio.sleep(0.03)
    return False
