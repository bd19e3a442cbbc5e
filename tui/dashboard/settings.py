"""What the dashboard remembers of its user's taste from one run to the next."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from tui.run.directories import write_whole

if TYPE_CHECKING:
    from pathlib import Path

Notify = Literal["off", "bell", "desktop"]
NOTIFY: tuple[Notify, ...] = ("off", "bell", "desktop")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is remembered.

    Attributes:
        theme: The name of a theme; empty for Textual's default.
        notify: How the end of a long run is told.
    """

    theme: str = ""
    notify: Notify = "off"


def read_settings(path: Path) -> Settings:
    """Return the settings kept in a file, with defaults for what is missing or cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kept, dict):
            theme, notify = kept.get("theme"), kept.get("notify")
            known: Notify = next((each for each in NOTIFY if each == notify), "off")
            return Settings(theme if isinstance(theme, str) else "", known)
    return Settings()


def write_settings(path: Path, settings: Settings) -> None:
    """Keep settings in a file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(path, json.dumps(asdict(settings), indent=2) + "\n")
