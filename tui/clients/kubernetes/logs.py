"""Follows the log of one run of a container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.hosts.lines import REST, LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.clients.kubernetes.api import Api

PAUSE = 1.0
"""Seconds before a broken connection is made again."""

_MOST_TRIES = 5
_LONGEST = 16 * 1024  # characters; a line's rest is cut off
_SILENCE = 3600.0  # seconds: a program may well say nothing for long


async def follow(
    api: Api, path: str, container: str, take: Callable[[list[str]], None], alive: Callable[[], bool]
) -> None:
    """Follow a container's log until its run ends.

    After a broken connection it continues where it broke, by the timestamps of the lines. Bytes that are not
    UTF-8 are replaced.

    Args:
        api: The API server.
        path: The path of the pod's log.
        container: The container's name.
        take: Is given the lines, as many at once as have come.
        alive: Whether this run of the container goes on, as far as is known.
    """
    last = ""
    failures = 0
    while failures < _MOST_TRIES:
        before = last
        try:
            last = await _follow_once(api, path, container, take, last)
        except _BrokenError as error:
            last = error.last
        except ApiError as error:
            if error.status in {400, 404}:  # it has not started, or is gone: its next run is another log
                return
        failures = 0 if last != before else failures + 1
        if not alive():
            return
        await asyncio.sleep(PAUSE)
        if not alive():
            return


class _BrokenError(Exception):
    """A connection broke.

    Attributes:
        last: The time of the last line that came, as the server wrote it.
    """

    def __init__(self, last: str) -> None:
        super().__init__(last)
        self.last = last


async def _follow_once(
    api: Api, path: str, container: str, take: Callable[[list[str]], None], last: str
) -> str:
    query = {"container": container, "follow": "true", "timestamps": "true"}
    if last:
        query["sinceTime"] = last
    reached = _instant(last)
    splitter = LineSplitter()

    def tell(lines: list[str]) -> None:
        nonlocal last
        ready: list[str] = []
        for line in lines:
            stamp, _, text = line.partition(" ")
            if not _is_stamp(stamp):  # a piece of a line too long, or what stands after a carriage return
                ready.append(_cut(line))
            elif _instant(stamp) > reached:
                last = stamp
                ready.append(_cut(text))
        if ready:
            take(ready)

    try:
        async with api.stream(path, query, silence=_SILENCE) as content:
            async for chunk in content.iter_any():
                tell(splitter.feed(chunk))
                await asyncio.sleep(REST)
        tell(splitter.close())
    except UnreachableError as error:
        raise _BrokenError(last) from error
    return last


def _is_stamp(word: str) -> bool:
    return len(word) >= 20 and word[4] == word[7] == "-" and word[10] == "T" and word[:4].isdigit()


def _instant(stamp: str) -> str:
    """Return a timestamp that compares as text: without its zone, which all lines share."""
    return stamp.rstrip("Z")


def _cut(text: str) -> str:
    return (
        text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text) - _LONGEST:,} more characters)"
    )
