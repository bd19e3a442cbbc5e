"""What goes wrong between us and a container engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiodocker import DockerError

from tui.errors import ActionError

if TYPE_CHECKING:
    from aiohttp import ClientError

_LOST = 900  # a status of the library's own, for an engine that does not answer


class EngineRefusedError(ActionError):
    """The engine refused a request; the cause is its message.

    Attributes:
        status: The answer's HTTP status.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class EngineLostError(ActionError):
    """The connection to the engine broke."""

    def __init__(self, reason: str) -> None:
        cause = f"the connection to the container engine broke: {reason}"
        super().__init__(cause, "check that the engine is running, then run the task again")


def explained(error: DockerError | ClientError) -> ActionError:
    """Return an error of ours for one of the library's."""
    if isinstance(error, DockerError):
        return (
            EngineLostError(error.message)
            if error.status >= _LOST
            else EngineRefusedError(error.message, error.status)
        )
    return EngineLostError(str(error) or type(error).__name__)
