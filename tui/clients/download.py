"""Downloads, cached by checksum."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from tui.clients.connection_errors import reason
from tui.clients.proxies import ways_to
from tui.errors import ActionError
from tui.reporter import end_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.steps import Remote
    from tui.reporter import Reporter

PAUSES = (5.0, 10.0, 20.0)
"""Seconds before each further request: release servers answer 503 at times, for a short while."""

_LONGEST_PAUSE = 60.0
_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=15, sock_read=60)
_RETRIED = {408, 425, 429, 500, 502, 503, 504}


class _PassingError(Exception):
    """A failure that may pass by itself.

    Attributes:
        after: Seconds that the server asked to wait, or None.
    """

    def __init__(self, cause: str, after: float | None = None) -> None:
        super().__init__(cause)
        self.after = after


@dataclass(frozen=True, slots=True)
class _Answer:
    """A server's answer; without content if the cached copy is still good."""

    content: bytes | None
    etag: str = ""


class Store:
    """A directory of fetched files by SHA-256, with an index by URL."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, digest: str) -> bytes | None:
        """Return the content with this checksum; None if it is absent or damaged."""
        with contextlib.suppress(OSError):
            content = (self._directory / digest).read_bytes()
            if hashlib.sha256(content).hexdigest() == digest:
                return content
        return None

    def look_up(self, url: str) -> tuple[bytes, str] | None:
        """Return the content last fetched from a URL, and its entity tag; None if there is none."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(self._index(url).read_text())
            content = self.read(found["sha256"])
            return (content, str(found["etag"])) if content is not None else None
        return None

    def keep(self, url: str, content: bytes, etag: str) -> None:
        """Store what was fetched from a URL."""
        self._directory.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()
        self._write(self._directory / digest, content)
        self._write(self._index(url), json.dumps({"url": url, "sha256": digest, "etag": etag}).encode())

    def forget(self, url: str) -> None:
        """Remove what was fetched from a URL, if anything was."""
        if (found := self.look_up(url)) is not None:
            (self._directory / hashlib.sha256(found[0]).hexdigest()).unlink(missing_ok=True)
        self._index(url).unlink(missing_ok=True)

    def _index(self, url: str) -> Path:
        return self._directory / f"{hashlib.sha256(url.encode()).hexdigest()}.json"

    def _write(self, path: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)  # at once: other runs may be reading


async def fetch(remote: Remote, cache: Path, reporter: Reporter) -> bytes:
    """Fetch a file, or take it from the cache if its checksum is pinned and known.

    Without a pin the server is asked whether the kept copy is still good; if it cannot be reached at all, the
    copy is used with a warning.

    Args:
        remote: The file's URL, and its pin.
        cache: A directory for files that were fetched.
        reporter: What is told of it.

    Raises:
        ActionError: It cannot be fetched, or is not what its pin says.
    """
    store = Store(cache)
    pin = (remote.sha256 or "").lower()
    if pin and (content := await asyncio.to_thread(store.read, pin)) is not None:
        reporter.log(f"{remote.url} is in the cache")
        return content
    kept = None if pin else await asyncio.to_thread(store.look_up, remote.url)
    try:
        answer = await _persist(remote.url, kept[1] if kept else "", reporter)
    except ActionError as error:
        if not kept:
            raise
        reporter.warn(f"{error.cause}; using the copy that was fetched before")
        return kept[0]
    if answer.content is None:
        if not kept:
            raise ActionError(f"cannot fetch {remote.url}: status 304 for a file that was never fetched")
        reporter.log(f"{remote.url} has not changed since it was fetched")
        return kept[0]
    _check(remote.url, pin, answer.content)
    await asyncio.to_thread(store.keep, remote.url, answer.content, answer.etag)
    reporter.log(f"fetched {remote.url}: {len(answer.content):,} bytes")
    return answer.content


def _check(url: str, pin: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if pin and found != pin:
        raise ActionError(
            f"{url} is not the file that the plan pins: its SHA-256 is {found}, not {pin}",
            "if the file was meant to change, put its new checksum into the plan",
        )


async def _persist(url: str, etag: str, reporter: Reporter) -> _Answer:
    """Request a URL, a few times if need be."""
    requests = len(PAUSES) + 1
    async with aiohttp.ClientSession(timeout=_TIMEOUT, **ways_to(url)) as session:
        for count, pause in enumerate((*PAUSES, None), 1):
            try:
                return await _ask(session, url, etag)
            except _PassingError as error:
                if pause is None:
                    raise _failure(url, f"{error}, {requests} times") from error
                pause = min(max(pause, error.after or 0.0), _LONGEST_PAUSE)
                if end_of(reporter, pause) == reporter.deadline:
                    raise _failure(url, f"{error}; no time is left for another request") from error
                reporter.log(f"{url}: {error}; request {count + 1} of {requests} in {pause:g} s")
                await asyncio.sleep(pause)
    raise AssertionError("the last request either answers or raises")


async def _ask(session: aiohttp.ClientSession, url: str, etag: str) -> _Answer:
    try:
        async with session.get(url, headers={"If-None-Match": etag} if etag else {}) as response:
            if response.status in _RETRIED:
                raise _PassingError(
                    f"status {response.status} {response.reason}", retry_after(response.headers)
                )
            if response.status == 304:
                return _Answer(None)
            if response.status != 200:
                raise _failure(url, f"status {response.status} {response.reason}")
            return _Answer(await response.read(), response.headers.get("ETag", ""))
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
        raise _PassingError(reason(error)) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise _failure(url, reason(error)) from error


def _failure(url: str, why: str) -> ActionError:
    return ActionError(
        f"cannot fetch {url}: {why}",
        "check the address and the network; a file may be named in the URL's place",
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a `Retry-After` header, which is a number or a date; None without one."""
    value = headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
