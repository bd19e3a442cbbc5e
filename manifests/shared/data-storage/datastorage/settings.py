"""What the service is told through its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """The environment lacks something, or holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, and where PostgreSQL and Redis are."""

    listen_port: int
    db_host: str
    db_port: int
    db_user: str
    db_password: str = field(repr=False)
    db_name: str
    db_pool_size: int
    redis_host: str
    redis_port: int
    cache_ttl_seconds: int
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Args:
            environment: Variables by name, as in `os.environ`.

        Raises:
            SettingsError: A required variable is missing, or a number is not one.
        """
        return cls(
            listen_port=_number(environment, "LISTEN_PORT", 8080, highest=65535),
            db_host=_required(environment, "DB_HOST"),
            db_port=_number(environment, "DB_PORT", 5432, highest=65535),
            db_user=_required(environment, "DB_USER"),
            db_password=_required(environment, "DB_PASSWORD"),
            db_name=_required(environment, "DB_NAME"),
            db_pool_size=_number(environment, "DB_POOL_SIZE", 5, highest=100),
            redis_host=_required(environment, "REDIS_HOST"),
            redis_port=_number(environment, "REDIS_PORT", 6379, highest=65535),
            cache_ttl_seconds=_number(environment, "CACHE_TTL_SECONDS", 10, highest=3600),
            log_level=_level(environment),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _number(environment: Mapping[str, str], name: str, default: int, *, highest: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        raise SettingsError(f"{name} must be a whole number from 1 to {highest}, not {text!r}")
    return int(text)


def _level(environment: Mapping[str, str]) -> str:
    level = environment.get("LOG_LEVEL", "").upper() or "INFO"
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingsError(f"LOG_LEVEL must be debug, info, warning or error, not {level.lower()}")
    return level
