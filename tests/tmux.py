"""A real terminal for tests: a program in a tmux of its own, keys sent to it, its screen read."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_PATIENCE = 20.0  # seconds
_LOOK_EVERY = 0.05


class Tmux:
    """A shell in a tmux server that nobody else uses."""

    def __init__(self, folder: Path, environment: Mapping[str, str], size: tuple[int, int]) -> None:
        self._socket = f"bringup-{uuid.uuid4().hex[:12]}"
        shell = ("env", "-i", *(f"{name}={value}" for name, value in environment.items()), "bash", "--norc")
        columns, rows = map(str, size)
        start = ("new-session", "-d", "-x", columns, "-y", rows, "-c", str(folder))
        self("-f", os.devnull, *start, *shell)
        self("set", "-g", "status", "off")
        self("set", "-ga", "terminal-features", "*:RGB")

    def __call__(self, *arguments: str) -> str:
        """What a command of tmux prints."""
        argv = ("tmux", "-u", "-L", self._socket, *arguments)
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout

    def type(self, line: str) -> None:
        """Types a line for the shell."""
        self("send-keys", "-l", line)
        self("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        """Presses keys, by tmux's names for them."""
        self("send-keys", *keys)

    def screen(self, colours: bool = False) -> str:
        """What is on the screen."""
        return self("capture-pane", "-p", *(["-e"] if colours else []))

    def scrollback(self) -> str:
        """What is and was on the main screen, lines that were broken put together again."""
        return self("capture-pane", "-p", "-J", "-S", "-")

    def resize(self, columns: int, rows: int) -> None:
        """Makes the terminal another size."""
        self("resize-window", "-x", str(columns), "-y", str(rows))

    def wait_for(self, wanted: str | Callable[[str], bool], patience: float = _PATIENCE) -> str:
        """Waits until a text is on the screen, or until the screen is as is wanted."""
        deadline = time.monotonic() + patience
        while True:
            screen = self.screen()
            if wanted in screen if isinstance(wanted, str) else wanted(screen):
                return screen
            if time.monotonic() > deadline:
                pytest.fail(f"waited for {wanted!r}; the screen is\n{screen}")
            time.sleep(_LOOK_EVERY)

    def end(self) -> None:
        """Ends the server, and with it what runs in it."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self("kill-server")


@contextlib.contextmanager
def tmux(
    folder: Path, environment: Mapping[str, str] | None = None, size: tuple[int, int] = (120, 40)
) -> Iterator[Tmux]:
    """A terminal with a shell in a folder; skips the test where there is no tmux.

    Args:
        folder: Where the shell runs; it is its home as well.
        environment: Further variables.
        size: Columns and rows.
    """
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    terminal = Tmux(
        folder,
        {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "screen-256color",
            "COLORTERM": "truecolor", "PS1": "$ ", **(environment or {}),
        },
        size,
    )  # fmt: skip
    try:
        terminal.wait_for("$")
        yield terminal
    finally:
        terminal.end()


def quoted(argv: Sequence[str]) -> str:
    """Arguments as a line for the shell."""
    import shlex

    return shlex.join(argv)
