"""Answers to queries, kept in Redis for a short while."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from datastorage.logs import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datastorage.events import AuditQuery
    from datastorage.settings import Settings

_LOG = logging.getLogger(__name__)
_SOCKET_SECONDS = 2.0
_PREFIX = "datastorage:audit"
_GENERATION = f"{_PREFIX}:generation"


class CacheUnavailableError(Exception):
    """Redis cannot be reached."""


class AnswerCache:
    """Keeps answers by query.

    Every write begins a new generation, and the generation is part of each key: all older answers
    are out of reach at once and expire by themselves. A reader takes the key before it asks the
    database, so an answer that a write overtakes is kept under the old generation, harmlessly.

    Without Redis the service is slower, not wrong: except in `ping`, failures are only logged.
    """

    def __init__(self, client: Redis[str], ttl_seconds: int) -> None:
        """Keep answers through `client`, each for `ttl_seconds`."""
        self._client = client
        self._ttl_seconds = ttl_seconds

    async def ping(self) -> None:
        """Ask Redis for a sign of life.

        Raises:
            CacheUnavailableError: There is none.
        """
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            raise CacheUnavailableError(str(error) or type(error).__name__) from error

    async def key(self, query: AuditQuery) -> str | None:
        """Return the key of the query's answer as of now, or None without Redis."""
        with _logged("read the generation"):
            generation = await self._client.get(_GENERATION) or "0"
            text = json.dumps(asdict(query), sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            return f"{_PREFIX}:{generation}:{digest}"
        return None

    async def get(self, key: str) -> str | None:
        """Return the answer kept under the key, if there is one."""
        with _logged("read an answer"):
            answer: str | None = await self._client.get(key)
            return answer
        return None

    async def put(self, key: str, answer: str) -> None:
        """Keep an answer."""
        with _logged("keep an answer"):
            await self._client.set(key, answer, ex=self._ttl_seconds)

    async def invalidate(self) -> None:
        """Put every answer given so far out of reach."""
        with _logged("begin a generation"):
            await self._client.incr(_GENERATION)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def open_cache(settings: Settings) -> AnswerCache:
    """Return a cache that connects when it is first used."""
    client: Redis[str] = Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        # The client's own time limits: to cancel a command from outside leaves its answer behind
        # on the connection, for the next command to find.
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
        decode_responses=True,
    )
    return AnswerCache(client, settings.cache_ttl_seconds)


@contextmanager
def _logged(doing: str) -> Iterator[None]:
    """Log a failure of Redis and go on."""
    try:
        yield
    except (RedisError, OSError) as error:
        _LOG.warning("cache unavailable", extra=fields(doing=doing, error=str(error)))
