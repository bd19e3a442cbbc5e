"""Questions to the user at the terminal, and the details of connections that `-v` prints."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Self

import click

from tui.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.hosts.ssh.login import Prompter


class Terminal:
    """Asks the user at the terminal; see `tui.hosts.ssh.login.Prompter`."""

    def confirm(self, question: str) -> bool:
        """Ask for a yes or no, and return whether it was yes; no answer means no."""
        with _leaving():
            return click.confirm(question, default=False, err=True)

    def secret(self, question: str) -> str:
        """Ask for a secret, and return what was typed."""
        with _leaving():
            text: str = click.prompt(question, default="", hide_input=True, show_default=False, err=True)
        return text


@contextlib.contextmanager
def _leaving() -> Iterator[None]:
    """Let Ctrl-C, or the end of input, end the program while it asks.

    An event loop that has taken the signal over would heed it only after the answer.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except click.Abort as error:
        click.echo(err=True)
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, before)


def terminal() -> Prompter | None:
    """Return a prompter if there is a user at a terminal."""
    return Terminal() if sys.stdin.isatty() and sys.stderr.isatty() else None


class Detail:
    """Prints what happens on connections, as `ssh -v` does, while it is entered."""

    def __init__(self, wanted: bool) -> None:
        """Prepare it.

        Args:
            wanted: Whether anything is printed.
        """
        self._wanted = wanted
        self._logger = logging.getLogger("asyncssh")
        self._handler: logging.Handler | None = None

    def __enter__(self) -> Self:
        if self._wanted:
            self._logger.setLevel(logging.DEBUG)
            self._tell(logging.StreamHandler(sys.stderr))
        return self

    def __exit__(self, *_: object) -> None:
        self._tell(None)

    def write_to(self, path: Path) -> None:
        """Write to a file from now on, as the dashboard has the screen."""
        if self._wanted:
            self._tell(logging.FileHandler(path, encoding="utf-8"))

    def _tell(self, handler: logging.Handler | None) -> None:
        if self._handler is not None:
            self._logger.removeHandler(self._handler)
            self._handler.close()
        self._handler = handler
        if handler is not None:
            handler.setFormatter(_Brief("%(asctime)s ssh %(message)s", "%H:%M:%S"))
            self._logger.addHandler(handler)


class _Brief(logging.Formatter):
    """Formats the first line of a message alone, without control characters that a machine sent."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return a message with its time."""
        record.message = plain(record.message.partition("\n")[0])
        return super().formatMessage(record)
