"""What goes wrong between us and a container engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiodocker import DockerError
from aiohttp import ClientError

from tui.errors import ActionError
from tui.hosts.host import at

if TYPE_CHECKING:
    from tui.hosts.host import Host

_SILENT = "it does not say why"
_UNSAID = 500  # a status in place of that which the library keeps to itself
_LOST = 900  # a status of the library's own, for an engine that does not answer

LIBRARY = (DockerError, ClientError, json.JSONDecodeError)
"""What the library raises: the last one where an engine, or what stands before it, answers in no JSON."""


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


def explained(error: DockerError | ClientError | json.JSONDecodeError) -> ActionError:
    """Return an error of ours for one of the library's, which takes what says to be JSON for that."""
    if isinstance(error, json.JSONDecodeError):
        return EngineRefusedError(error.doc.strip() or _SILENT, _UNSAID)
    if isinstance(error, DockerError):
        message = str(error.message).strip() or _SILENT
        return (
            EngineLostError(message) if error.status >= _LOST else EngineRefusedError(message, error.status)
        )
    return EngineLostError(str(error) or type(error).__name__)
