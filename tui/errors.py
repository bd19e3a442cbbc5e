"""How bringup fails towards its users: a cause, then what to do about it."""

from __future__ import annotations


class BringupError(Exception):
    """A failure that its user can read.

    Attributes:
        cause: What went wrong, in a sentence without its full stop.
        hint: What to do about it, if that is known.
        details: Lines that show it, such as a pod's last events.
    """

    def __init__(self, cause: str, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.details = details


class ActionError(BringupError):
    """A step failed."""


class NotReadyError(BringupError):
    """The machine lacks what the environment needs: an engine, a program, a port."""
