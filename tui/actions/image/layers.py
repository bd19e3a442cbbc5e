"""Progress of image transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.clients.engine_api import Message


class Layers:
    """Counts the bytes of layers that the engine reports as transferred."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}
        self._total: dict[str, int | None] = {}

    def take(self, message: Message) -> bool:
        """Process a message; return whether it is about a layer's transfer."""
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
        """Bytes transferred."""
        return sum(self._done.values())

    @property
    def total(self) -> int | None:
        """Bytes in all; None while the size of a layer is not known."""
        known = [size for size in self._total.values() if size is not None]
        return sum(known) if len(known) == len(self._total) else None
