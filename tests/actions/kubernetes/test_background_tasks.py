from __future__ import annotations

import asyncio

import pytest

from tui.actions.kubernetes.background_tasks import background_tasks
from tui.errors import ActionError


async def _forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def _fail() -> None:
    await asyncio.sleep(0)
    raise ActionError("it broke") from ValueError("within")


async def test_companions_end_with_the_block() -> None:
    ended: list[str] = []
    async with background_tasks() as start:
        start(_forever(ended, "a"))
        start(_forever(ended, "b"))
        await asyncio.sleep(0)
    assert sorted(ended) == ["a", "b"]


async def test_the_blocks_failure_is_raised_as_itself() -> None:
    ended: list[str] = []

    async def block() -> None:
        async with background_tasks() as start:
            start(_forever(ended, "a"))
            await asyncio.sleep(0)
            raise ActionError("mine")

    with pytest.raises(ActionError, match="mine"):
        await block()
    assert ended == ["a"]


async def test_a_companions_failure_ends_the_block_and_keeps_its_cause() -> None:
    async def block() -> None:
        async with background_tasks() as start:
            start(_fail())
            await asyncio.Event().wait()

    with pytest.raises(ActionError, match="it broke") as caught:
        await block()
    assert isinstance(caught.value.__cause__, ValueError)


async def test_cancelling_ends_all_and_is_passed_on() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def block() -> None:
        async with background_tasks() as start:
            start(_forever(ended, "a"))
            await asyncio.sleep(0)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["a"]
