"""Hosts that fail, and the people who are asked about them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import said
from tui.errors import NotReadyError
from tui.hosts.ssh.host import SshHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.hosts.ssh.login import Prompter
    from tui.plan.address import Address

PASSPHRASE = "open sesame"


class Person:
    """Answers questions in turn.

    Attributes:
        asked: The questions.
    """

    def __init__(self, *answers: bool | str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def confirm(self, question: str) -> bool:
        return bool(self._answer(question))

    def secret(self, question: str) -> str:
        return str(self._answer(question))

    def _answer(self, question: str) -> bool | str:
        self.asked.append(question)
        return self._answers.pop(0)


@contextlib.asynccontextmanager
async def connected(address: Address, prompter: Prompter | None = None) -> AsyncIterator[SshHost]:
    """A host that is connected to."""
    host = SshHost(address, prompter)
    try:
        await host.connect()
        yield host
    finally:
        await host.close()


async def reaches(address: Address, prompter: Prompter | None = None) -> bool:
    """Whether a host runs commands."""
    async with connected(address, prompter) as host:
        return await said(host, "echo", "hello") == ["hello"]


async def refusal(address: Address, prompter: Prompter | None = None) -> NotReadyError:
    """Why a host cannot be connected to."""
    host = SshHost(address, prompter)
    try:
        with pytest.raises(NotReadyError) as caught:
            await host.connect()
    finally:
        await host.close()
    return caught.value
