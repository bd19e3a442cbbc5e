"""What the service is told through its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """The environment lacks something, or holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Who the service is, where it listens, and what it needs.

    Attributes:
        name: Its name in audit events.
        ports: Each answers all paths.
        needs: URLs that must answer 200 before it is ready.
        data_storage: Data Storage's URL, which it needs as well; without it no audit events are kept.
        ready_path: The path that tells whether it is ready.
        config: Files that it is configured with, or directories of them.
    """

    name: str
    ports: tuple[int, ...]
    needs: tuple[str, ...]
    data_storage: str
    ready_path: str
    config: tuple[Path, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: A required variable is missing, or a port is not one.
        """
        data_storage = environment.get("DATA_STORAGE_URL", "").rstrip("/")
        needs = environment.get("NEEDS", "").split()
        return cls(
            name=_required(environment, "SERVICE_NAME"),
            ports=tuple(_port(word) for word in _required(environment, "PORTS").split(",")),
            needs=(f"{data_storage}/health", *needs) if data_storage else tuple(needs),
            data_storage=data_storage,
            ready_path=environment.get("READY_PATH") or "/readyz",
            config=tuple(Path(word) for word in environment.get("CONFIG", "").split()),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _port(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise SettingsError(f"PORTS must be numbers from 1 to 65535 with commas between them, not {text!r}")
    return int(text)
