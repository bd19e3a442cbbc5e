"""Processes that tests have started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROC = Path("/proc")

needs_proc = pytest.mark.skipif(not (PROC / "self" / "stat").exists(), reason="needs /proc")


def is_running(pid: int | str) -> bool:
    """Whether a process is there, and no zombie that its new parent has not reaped."""
    argv = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


def with_variable(name: str, value: str) -> list[tuple[int, str]]:
    """The processes whose environment has a variable, with their arguments."""
    wanted = f"{name}={value}".encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                argv = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(folder.name), argv))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def children(pid: int) -> list[int]:
    """The processes below one, at any depth."""
    parents: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    row = [pid]
    while row:
        row = [child for each in row for child in parents.get(each, ())]
        found += row
    return found
