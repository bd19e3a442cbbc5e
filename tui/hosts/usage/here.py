"""What bringup itself and the programs that it started use on this machine."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.usage.counters import Counters, process_counters

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_PROCESSES = Path("/proc")
_FORGET = 30  # looks after which processes of others are looked at again, as numbers are used again


class Programs:
    """The programs of this machine's host, each with a session of its own.

    Args:
        sessions: Returns the sessions of those that run.
    """

    def __init__(self, sessions: Callable[[], Collection[int]]) -> None:
        self._sessions = sessions
        self._foreign: set[str] = set()
        self._looks = 0

    def read(self) -> Counters:
        """Return what they have used; of disks only those that still run; blocks."""
        finished = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = Counters(cpu=finished.ru_utime + finished.ru_stime)
        sessions = frozenset(self._sessions())
        if not sessions:
            return total
        self._looks += 1
        if self._looks % _FORGET == 0:
            self._foreign.clear()
        for directory in os.scandir(_PROCESSES):
            if (number := directory.name).isdecimal() and number not in self._foreign:
                with contextlib.suppress(OSError, ValueError):  # it has gone
                    counters, session = process_counters(_text(number, "stat"))
                    if session in sessions:
                        total = total.plus(counters).plus(_moved(_PROCESSES / number))
                    else:
                        self._foreign.add(number)
        return total


def read_own() -> Counters:
    """Return what this process has used; blocks."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    counters = Counters(cpu=used.ru_utime + used.ru_stime)
    with contextlib.suppress(OSError, ValueError):
        stat, _ = process_counters(_text("self", "stat"))
        counters = counters._replace(memory=stat.memory)
    # By thread, as Linux adds to a process what the children moved that it waited for.
    for thread in Path("/proc/self/task").glob("*"):
        counters = counters.plus(_moved(thread))
    return counters


def _moved(directory: Path) -> Counters:
    """Return what a process or thread has read from disks and written to them."""
    with contextlib.suppress(OSError, ValueError, KeyError):  # it has gone, or is another user's
        rows = dict(line.split(": ") for line in (directory / "io").read_text().splitlines())
        return Counters(read=int(rows["read_bytes"]) / 1e6, written=int(rows["write_bytes"]) / 1e6)
    return Counters()


def _text(number: str, name: str) -> str:
    return (_PROCESSES / number / name).read_text(errors="replace")
