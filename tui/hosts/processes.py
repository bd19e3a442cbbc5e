"""The processes of this machine: whose children they are, and which groups and sessions they are in."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process.

    Attributes:
        number: Its process number.
        name: The program's name, as the system keeps it.
        has_ended: Whether it is but a zombie: in containers without an init these stay.
        parent: Number of the process that it is a child of.
        group: Its process group.
        session: Its session; its group where the system does not tell.
    """

    number: int
    name: str
    has_ended: bool
    parent: int
    group: int
    session: int


def list_processes() -> list[Process]:
    """Return the processes of this machine; blocks."""
    stats = list(Path("/proc").glob("[0-9]*/stat"))
    if not stats:
        return _ask_ps()
    found = []
    for stat in stats:
        with contextlib.suppress(OSError):  # it has gone meanwhile
            before, _, after = stat.read_text(errors="replace").rpartition(")")
            number, _, name = before.partition(" (")
            state, *numbers = after.split()[:4]
            found.append(Process(int(number), name, state in "ZX", *map(int, numbers)))
    return found


def list_family(session: int) -> list[Process]:
    """Return the processes of a session, and all that descend from these, whatever session they made; blocks.

    A process whose parent has ended descends from nobody: a daemon, which has seen to that, is no part of it.
    """
    children: dict[int, list[Process]] = {}
    family = []
    for process in list_processes():
        if process.session == session:
            family.append(process)
        else:
            children.setdefault(process.parent, []).append(process)
    for process in family:  # which grows meanwhile
        family += children.pop(process.number, [])
    return family


def _ask_ps() -> list[Process]:
    """Return the processes of a system without `/proc`, such as macOS."""
    found = []
    said = subprocess.run(("ps", "-A", "-o", "pid=,stat=,ppid=,pgid=,comm="), capture_output=True, text=True)
    for line in said.stdout.splitlines():
        number, state, parent, group, name = line.split(maxsplit=4)
        found.append(Process(int(number), name, state[0] in "ZX", int(parent), int(group), int(group)))
    return found
