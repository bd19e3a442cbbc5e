"""Processes that tests have started."""

from __future__ import annotations

import subprocess


def is_running(pid: int | str) -> bool:
    """Whether a process is there, and no zombie that its new parent has not reaped."""
    argv = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")
