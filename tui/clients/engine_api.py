"""What actions ask of a container engine beyond its library: streams that end when they are left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiodocker import Docker
    from aiohttp import ClientResponse


LOST = "is the engine still running? then try again"
"""What helps where an engine was lost midway."""


async def find_image(docker: Docker, name: str) -> dict[str, Any] | None:
    """What the engine knows of an image; None where it has none of that name."""
    from aiodocker import DockerError

    try:
        return await docker.images.inspect(name)
    except DockerError as error:
        if error.status == 404:
            return None
        raise


async def messages(response: ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects of an answer, one a line, of any length."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def short(identity: str) -> str:
    """An image's ID as people know it."""
    return identity.removeprefix("sha256:")[:12]


class Layers:
    """How much of some images' layers has been transferred, from the engine's messages."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}
        self._total: dict[str, int | None] = {}

    def take(self, message: dict[str, Any]) -> bool:
        """Takes a message; whether it told of a layer's transfer."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail") or {}
        if not layer or status.startswith(("Pulling from", "Already exists")):
            return False
        if status in ("Download complete", "Pull complete", "Verifying Checksum") or status == "Extracting":
            self._total[layer] = total = self._total.get(layer) or 0
            self._done[layer] = total
        elif total := int(detail.get("total") or 0):
            self._total[layer] = total
            self._done[layer] = min(int(detail.get("current") or 0), total)
        else:
            self._total.setdefault(layer, None)
        return True

    @property
    def done(self) -> int:
        """Bytes."""
        return sum(self._done.values())

    @property
    def total(self) -> int | None:
        """Bytes; None while the size of a layer is not known."""
        known = [size for size in self._total.values() if size is not None]
        return sum(known) if len(known) == len(self._total) else None
