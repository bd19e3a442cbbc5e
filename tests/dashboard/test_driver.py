"""The terminal that the dashboard draws on, once it is gone."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import pty
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from textual.app import App
from textual.drivers._writer_thread import WriterThread

from tui.dashboard.driver import TerminalDriver

if TYPE_CHECKING:
    import pytest


class _Gone(io.StringIO):
    """What a terminal is to a program that outlives it."""

    def write(self, _: str) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


async def _driver() -> TerminalDriver:
    return TerminalDriver(App())


def test_a_terminal_that_is_gone_is_neither_asked_nor_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave) as typed:
        monkeypatch.setattr(sys, "__stdin__", typed)
        monkeypatch.setattr(sys, "__stdout__", _Gone())
        driver = asyncio.run(_driver())
        os.close(master)
        assert driver._file is not None
        writer = WriterThread(driver._file)

        def draw() -> None:
            for _ in range(200):
                writer.write("x")

        reader = threading.Thread(target=driver.run_input_thread, daemon=True)
        drawing = threading.Thread(target=draw, daemon=True)
        for thread in (writer, reader, drawing):
            thread.start()
        for thread in (reader, drawing):
            thread.join(10)
            assert not thread.is_alive()
        writer.stop()
