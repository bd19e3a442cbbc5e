"""Programs that tests run on hosts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.hosts.host import Host

_READY = "ready"


async def said(host: Host, *argv: str, env: dict[str, str] | None = None) -> list[str]:
    """What a program says that ends well."""
    lines: list[str] = []
    assert await host.run(argv, on_lines=lines.extend, env=env) == 0, lines
    return lines


class Started:
    """A program that says `ready PID …` once it and its children run, and the task that runs it.

    Attributes:
        ready: Set by that line.
        pids: The processes that it names.
        lines: All that it has said.
    """

    def __init__(self, host: Host, shell: str, on_left: Callable[[str], None] | None = None) -> None:
        self.ready = asyncio.Event()
        self.pids: list[int] = []
        self.lines: list[str] = []
        self.task = asyncio.create_task(host.run(("sh", "-c", shell), on_lines=self._hear, on_left=on_left))

    async def alive(self) -> list[int]:
        """Those of its processes that still run."""
        return await asyncio.to_thread(alive, self.pids)

    async def gone(self, patience: float = 4.0) -> bool:
        """Waits for the end of its processes; whether they end in time."""
        until = asyncio.get_running_loop().time() + patience
        while left := await self.alive():
            if asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(0.02)
        return not left

    def _hear(self, lines: list[str]) -> None:
        self.lines += lines
        for line in lines:
            if line.startswith(_READY):
                self.pids = [int(word) for word in line.split()[1:]]
                self.ready.set()


def alive(pids: Iterable[int]) -> list[int]:
    """The processes that still do something: one that has ended but was not waited for does not."""
    return [pid for pid in pids if _state(pid) not in ("", "Z", "X")]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
