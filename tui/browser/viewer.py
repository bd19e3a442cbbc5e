"""The process that draws the dashboard for one browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from textual_serve.app_service import AppService

from tui.run.command_json import decode

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from tui.run.commands import Command

COMMAND = "command"
"""The type of the packets in which the process passes its user's commands on; see `tui.dashboard.driver`."""

_ENDS_WITHIN = 2.0  # seconds in which it leaves when it is asked to
_MOST_CELLS = 1000  # columns or rows that are drawn


class Viewer(AppService):
    """Starts the process, carries what it draws and what is typed, and ends it."""

    def __init__(self, argv: Sequence[str], take: Callable[[Command], None] | None, **remote: Any) -> None:
        """Start nothing yet.

        Args:
            argv: The program with its arguments.
            take: Takes the user's commands; None where they are ignored.
            remote: How the browser is reached; see `AppService`.
        """
        super().__init__("", **remote)
        self._argv = argv
        self._take = take

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = await asyncio.to_thread(self._build_environment, *_drawable(width, height))
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C at the server's terminal is the server's to answer
        )
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Have the dashboard drawn in another size."""
        await super().set_terminal_size(*_drawable(width, height))

    async def run(self) -> None:
        """Carry what the process draws until it has ended, then close the page."""
        with contextlib.suppress(asyncio.CancelledError):  # so the library ends where nothing has started
            await super().run()
        with contextlib.suppress(ConnectionError):
            await self.remote_close()

    async def on_meta(self, data: bytes) -> None:
        """Take what the process tells beside what it draws."""
        told = json.loads(data)
        if told["type"] != COMMAND:
            await super().on_meta(data)
        elif self._take is not None:
            self._take(decode(told[COMMAND]))

    async def stop(self) -> None:
        """End the process: it holds nothing that could be lost."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(super().stop(), _ENDS_WITHIN)
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.communicate(), _ENDS_WITHIN)
            except TimeoutError:
                self._process.kill()
                await self._process.communicate()


def _drawable(*size: int) -> tuple[int, int]:
    width, height = (min(max(each, 1), _MOST_CELLS) for each in size)
    return width, height
