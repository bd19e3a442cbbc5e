"""Whether the service can do its work right now."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datastorage.cache import AnswerCache, CacheUnavailableError
from datastorage.store import AuditStore, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable


@dataclass(frozen=True, slots=True)
class Check:
    """How one thing that the service depends on answered."""

    latency_ms: float
    error: str | None = None
    details: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the check as JSON values."""
        status = "unavailable" if self.error else "ok"
        values: dict[str, object] = {"status": status, "latency_ms": self.latency_ms}
        if self.error:
            values["error"] = self.error
        return values | self.details


async def check_all(store: AuditStore, cache: AnswerCache) -> dict[str, Check]:
    """Check PostgreSQL and Redis at once.

    Missing tables are told, but are no fault: the migrations come after the service.
    """
    database, redis = await asyncio.gather(_check(_database_details(store)), _check(_redis_details(cache)))
    return {"postgresql": database, "redis": redis}


async def _check(probe: Awaitable[dict[str, object]]) -> Check:
    begin = time.monotonic()
    try:
        details = await probe
    except (StoreUnavailableError, CacheUnavailableError) as error:
        return Check(_since(begin), error=str(error))
    return Check(_since(begin), details=details)


async def _database_details(store: AuditStore) -> dict[str, object]:
    return {"migrated": await store.has_schema()}


async def _redis_details(cache: AnswerCache) -> dict[str, object]:
    await cache.ping()
    return {}


def _since(begin: float) -> float:
    return round((time.monotonic() - begin) * 1000, 1)
