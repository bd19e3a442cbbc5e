"""Copying files and directories of this machine to the other one."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import asyncssh

from tui.hosts.tree import list_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path, PurePath

    from tui.hosts.tree import Entry

_CHUNK = 1 << 20  # bytes; the library sends its parts at once
_AT_ONCE = 16  # files: each waits for several answers of the other machine
_NOTHING = bytes(_CHUNK)


async def copy(files: asyncssh.SFTPClient, source: Path, path: PurePath) -> None:
    """Copy a file or directory, with modes and times, and links as `list_tree` has them.

    The library's own way reads files on the event loop.

    Raises:
        OSError: It cannot be read.
        asyncssh.SFTPError: It cannot be written.
    """
    entries = await asyncio.to_thread(list_tree, source)
    await files.makedirs(os.fsencode(path.parent), exist_ok=True)
    for entry in entries:
        if entry.is_directory:
            await _make_directory(files, os.fsencode(path / entry.name))
    await _copy_all(files, [entry for entry in entries if not entry.is_directory], path)
    for entry in reversed(entries):  # a directory's last: it may be one that nothing can be written into
        if entry.is_directory:
            await files.setstat(os.fsencode(path / entry.name), _attributes(entry))


async def _make_directory(files: asyncssh.SFTPClient, there: bytes) -> None:
    try:
        await files.mkdir(there)
    except asyncssh.SFTPError:
        if not await files.isdir(there):
            raise


async def _copy_all(files: asyncssh.SFTPClient, entries: Sequence[Entry], path: PurePath) -> None:
    """Copy files and links, several at once; of errors, the first ends all and is raised."""
    left = iter(entries)

    async def work() -> None:
        for entry in left:
            there = os.fsencode(path / entry.name)
            if entry.target:
                with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                    await files.remove(there)
                await files.symlink(os.fsencode(entry.target), there)
            else:
                await _copy_file(files, entry, there)

    workers = [asyncio.ensure_future(work()) for _ in range(min(_AT_ONCE, len(entries)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _copy_file(files: asyncssh.SFTPClient, entry: Entry, there: bytes) -> None:
    opening = asyncio.ensure_future(asyncio.to_thread(entry.path.open, "rb"))
    try:
        content = await asyncio.shield(opening)
    except asyncio.CancelledError:  # the thread goes on, and what it opens must not stay open
        await asyncio.wait({opening})
        if opening.exception() is None:
            opening.result().close()
        raise
    with content:  # closing what was read takes no time; on a thread it would not happen when cancelled
        async with files.open(there, "wb") as file:
            offset = 0
            while chunk := await asyncio.to_thread(content.read, _CHUNK):
                if not _NOTHING.startswith(chunk):  # else a hole, as in the images of disks
                    await file.write(chunk, offset)
                offset += len(chunk)
            await file.setstat(_attributes(entry, offset))


def _attributes(entry: Entry, size: int | None = None) -> asyncssh.SFTPAttrs:
    status = entry.status
    return asyncssh.SFTPAttrs(
        size=size,
        permissions=status.st_mode & 0o7777,
        atime=int(status.st_atime),
        mtime=int(status.st_mtime),
    )
