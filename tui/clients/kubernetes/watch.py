"""Watches a list of objects."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import ApiError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import aiohttp

    from tui.clients.kubernetes.api import Api, Object

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each reconnect in a row; the last value repeats."""

_MOST_FAILURES = 8
_SERVER_ENDS = 60  # seconds; the server ends each watch after this long
_SILENCE = 75.0  # seconds; by then the server should have ended it
_LIVED = 5.0  # seconds; a watch that held this long did not break
_GONE = 410  # the version is too old: the list must be read anew
_PASSING = {408, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Listed:
    """All objects of the list: given first, and again if changes may have been missed."""

    items: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """One object was `ADDED`, `MODIFIED` or `DELETED`."""

    kind: str
    item: Object


async def watch(api: Api, path: str, **query: str) -> AsyncGenerator[Listed | Changed, None]:
    """Watch a list of objects without end, across broken connections.

    The client's own watch is not used: it reconnects without a pause, and repeats objects.

    Args:
        api: The API server.
        path: The list's path.
        query: Selectors.

    Raises:
        ApiError: The server refuses for good.
        UnreachableError: It did not answer for half a minute.
    """
    now = asyncio.get_running_loop().time
    version = ""
    failures = 0
    while True:
        failure: ApiError | UnreachableError | None = None
        begin = now()
        try:
            if not version:
                listed = await api.get(path, **query)
                version = listed["metadata"]["resourceVersion"]
                yield Listed(tuple(listed.get("items") or ()))
            async with contextlib.aclosing(_changes(api, path, query, version)) as changes:
                async for change in changes:
                    version = change.item["metadata"]["resourceVersion"]
                    failures = 0
                    if change.kind != "BOOKMARK":
                        yield change
        except (ApiError, UnreachableError) as error:
            failure = error
            if isinstance(error, ApiError):
                if error.status not in {_GONE, *_PASSING}:
                    raise
                version = "" if error.status == _GONE else version
        failures = 0 if failure is None and now() - begin >= _LIVED else failures + 1
        if failure and failures > _MOST_FAILURES:
            raise failure
        if failures:
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1])


async def _changes(api: Api, path: str, query: dict[str, str], version: str) -> AsyncGenerator[Changed, None]:
    parameters = {
        **query,
        "watch": "true",
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(_SERVER_ENDS),
    }
    async with api.stream(path, parameters, silence=_SILENCE) as content:
        async for line in _lines(content):
            try:
                change = json.loads(line)
            except ValueError:  # cut off by a broken connection
                return
            if change["type"] == "ERROR":
                status = change["object"]
                raise ApiError(int(status.get("code") or 500), str(status.get("message", "the watch failed")))
            yield Changed(change["type"], change["object"])


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length: aiohttp limits its own lines to less than an object may have."""
    rest = bytearray()
    async for chunk in content.iter_any():
        rest += chunk
        if b"\n" in chunk:
            *whole, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            for line in whole:
                if line.strip():
                    yield line
