"""Ends a build that Podman goes on with.

When the client of a build leaves, Podman lets the running instruction go on to its end, as its builder does
not watch for it (containers/podman#28502, containers/buildah#6786). Its processes are found by a name that
the build is given for its `/etc/hosts`, which no other build has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid
from pathlib import Path

_POLL = 0.05  # seconds


def new_mark() -> str:
    """Return a host name that marks the containers of one build."""
    return f"bringup-{uuid.uuid4().hex}"


async def end_marked(mark: str, patience: float) -> bool:
    """Kill the processes of a marked build, as soon as there are any.

    Args:
        mark: The build's mark.
        patience: Seconds to look for them.

    Returns:
        Whether there were any; there are none where Podman runs in a virtual machine.
    """
    for _ in range(round(patience / _POLL)):
        if await asyncio.to_thread(_kill, mark.encode()):
            return True
        await asyncio.sleep(_POLL)
    return False


def _kill(mark: bytes, proc: Path = Path("/proc")) -> bool:
    found = False
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if mark in (process / "root" / "etc" / "hosts").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
                found = True
    return found
