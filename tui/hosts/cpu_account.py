"""Counts the CPU time of programs for whoever has them run."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class CpuAccount:
    """The CPU seconds of the programs that were run for one step, and of what these waited for."""

    seconds: float = 0.0


CPU_ACCOUNT: ContextVar[CpuAccount | None] = ContextVar("cpu_account", default=None)
"""The account of the step that the current code works for; unset outside of steps."""


def charge(seconds: float) -> None:
    """Add a finished program's CPU time to the account of the step that ran it."""
    if (account := CPU_ACCOUNT.get()) is not None:
        account.seconds += seconds
