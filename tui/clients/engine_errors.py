"""What goes wrong between us and a container engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiodocker import DockerError

from tui.errors import ActionError
from tui.hosts.host import at

if TYPE_CHECKING:
    from aiohttp import ClientError

    from tui.hosts.host import Host

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


def no_image(name: str, host: Host) -> ActionError:
    """Return the error that a host's container engine does not have an image."""
    cause = f"the container engine{at(host)} has no image {name}"
    return ActionError(cause, "run an `image.build` or `image.pull` step first")


def explained(error: DockerError | ClientError) -> ActionError:
    """Return an error of ours for one of the library's."""
    if isinstance(error, DockerError):
        return (
            EngineLostError(error.message)
            if error.status >= _LOST
            else EngineRefusedError(error.message, error.status)
        )
    return EngineLostError(str(error) or type(error).__name__)
