"""Commands as JSON, for a view that is in another process than the engine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui.run.commands import Cancel, CancelRun, Pause, Restart, Resume, Retry, RetryFailed, SetMode
from tui.run.typed import reader

if TYPE_CHECKING:
    from tui.run.commands import Command

_KINDS = {
    kind.__name__: kind for kind in (Cancel, CancelRun, Pause, Restart, Resume, Retry, RetryFailed, SetMode)
}
"""The commands that other processes may give; when a run is closed or killed, its own decides."""


def encode(command: Command) -> dict[str, Any]:
    """Return a command as JSON holds it."""
    return {"kind": type(command).__name__, **asdict(command)}


def decode(value: Any) -> Command:
    """Return the command that JSON holds.

    Raises:
        ValueError: It is none that another process may give.
    """
    kind = _KINDS.get(str(value.get("kind"))) if isinstance(value, dict) else None
    if kind is None:
        raise ValueError(f"{value!r} is no command")
    command: Command = reader(kind)(value)
    return command
