"""A real terminal for benchmarks: a program in a pty whose output is read at once, or for a while not.

A thread takes what the program writes and notes when it came, so that what is measured is how soon a reader
could have seen it.
"""

from __future__ import annotations

import bisect
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT_ONCE = 1 << 16
_OVERLAP = 200  # bytes that a text is shorter than, so that it is found across two reads
_LOOK_EVERY = 0.05  # seconds between two looks whether the thread is to end
_PLACES = {"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"}
_TICK = os.sysconf("SC_CLK_TCK")


class Terminal:
    """A program in a pty.

    Attributes:
        pid: The program's.
        began: When it was started, by `time.perf_counter`.
    """

    def __init__(self, argv: Sequence[str], columns: int, lines: int, env: dict[str, str]) -> None:
        """Starts the program and begins to read."""
        self._data = bytearray()
        self._arrivals: list[tuple[int, float]] = []  # how far it went, and when that came
        self._news = threading.Condition()
        self._reading = threading.Event()
        self._reading.set()
        self._over = threading.Event()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)
                os.execve(argv[0], list(argv), env)
            finally:
                os._exit(127)
        self._thread = threading.Thread(target=self._drain, name="terminal", daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while not self._over.is_set():
            if not self._reading.wait(_LOOK_EVERY):
                continue
            if not select.select([self._fd], [], [], _LOOK_EVERY)[0]:
                continue
            try:
                data = os.read(self._fd, _AT_ONCE)
            except OSError:  # the program is gone
                data = b""
            with self._news:
                self._data += data
                self._arrivals.append((len(self._data), time.perf_counter()))
                self._news.notify_all()
            if not data:
                self._over.set()

    @property
    def place(self) -> int:
        """How much has come so far, in bytes."""
        return len(self._data)

    @property
    def text(self) -> bytes:
        """All that has come so far."""
        with self._news:
            return bytes(self._data)

    def send(self, keys: bytes) -> tuple[int, float]:
        """Presses keys; returns the place behind what had come by then, and the time."""
        place, now = self.place, time.perf_counter()
        os.write(self._fd, keys)
        return place, now

    def wait_for(self, needle: bytes | re.Pattern[bytes], since: int = 0, timeout: float = 30.0) -> float:
        """When the last byte of some text came that comes after a place, waiting for it.

        Raises:
            TimeoutError: It does not come.
        """
        pattern = re.compile(re.escape(needle)) if isinstance(needle, bytes) else needle
        until = time.perf_counter() + timeout
        searched = since
        with self._news:
            while (found := pattern.search(self._data, searched)) is None:
                searched = max(since, len(self._data) - _OVERLAP)
                left = until - time.perf_counter()
                if left <= 0 or self._over.is_set():
                    raise TimeoutError(f"{needle!r} does not come: {bytes(self._data[-600:])!r}")
                self._news.wait(min(left, _LOOK_EVERY))
            return self._arrivals[bisect.bisect_left(self._arrivals, (found.end(), 0.0))][1]

    def read(self, on: bool) -> None:
        """Goes on reading, or reads nothing more."""
        (self._reading.set if on else self._reading.clear)()

    def cpu(self) -> float:
        """Seconds of CPU that the program has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def peak(self) -> float:
        """The most memory that the program has had in RAM, in megabytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

    def close(self) -> None:
        """Ends the program if it runs, softly so that it ends its own, and lets go of the pty."""
        self._reading.set()
        for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            if self._ended(0.0):
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if self._ended(seconds):
                break
        self._over.set()
        self._thread.join()
        os.close(self._fd)

    def join(self, timeout: float = 30.0) -> bool:
        """Waits for the program to end; returns whether it did."""
        return self._ended(timeout)

    def _ended(self, timeout: float) -> bool:
        until = time.perf_counter() + timeout
        while True:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return True
            except ChildProcessError:
                return True
            if time.perf_counter() >= until:
                return False
            time.sleep(0.01)


@contextlib.contextmanager
def opened(
    *arguments: str, columns: int = 120, lines: int = 40, home: Path | None = None
) -> Iterator[Terminal]:
    """An interpreter with some arguments in a terminal, with a home of its own, and a new one if absent."""
    with tempfile.TemporaryDirectory() as folder:
        env = {key: value for key, value in os.environ.items() if key not in _PLACES | {"CI", "NO_COLOR"}}
        env |= {"HOME": str(home or folder), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        terminal = Terminal((sys.executable, *arguments), columns, lines, env)
        try:
            yield terminal
        finally:
            terminal.close()
