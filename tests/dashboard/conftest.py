"""The terminal of these tests, whoever runs them."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture(autouse=True)
def many_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal with all colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture(autouse=True)
def brief_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment in Textual's stead, which waits until the whole process is idle, for 20 ms at least."""

    async def briefly(*_: object) -> None:
        await asyncio.sleep(0.001)

    for module in ("app", "pilot"):
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", briefly)
