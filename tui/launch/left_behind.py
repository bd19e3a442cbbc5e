"""Ending what a run left running that was killed, and so could end nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tui.engine.step_context import MARK
from tui.hosts.local_program import gone, send_signal
from tui.hosts.processes import list_processes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.hosts.processes import Process
    from tui.run.kept_run import KeptRun

_GRACE = 1.5  # seconds between asking them to end and killing them


async def end_left_behind(run: KeptRun) -> list[str]:
    """End the commands of tasks that were running when a run was cut off, as a cancel would have.

    They are known by their environment, which Linux tells; nothing is ended elsewhere.

    Args:
        run: The run; of one that a process still carries out nothing is ended.

    Returns:
        What was ended, as `sh (4711)`.
    """
    marks = [f"{MARK}={run.id}/{task}/".encode() for task in run.state.running]
    found = [] if run.is_running or not marks else await asyncio.to_thread(_find, marks)
    groups = {process.group for process in found} - {0, 1, os.getpgrp()}
    send_signal(groups, signal.SIGTERM)
    await gone(groups, _GRACE)
    send_signal(groups, signal.SIGKILL)
    return [f"{each.name} ({each.number})" for each in found if each.number == each.group in groups]


def _find(marks: Iterable[bytes]) -> list[Process]:
    """Return the processes that have a mark; blocks."""
    found = []
    for process in list_processes():
        with contextlib.suppress(OSError):  # it has gone, or is another user's
            variables = Path(f"/proc/{process.number}/environ").read_bytes().split(b"\0")
            if any(variable.startswith(tuple(marks)) for variable in variables):
                found.append(process)
    return found
