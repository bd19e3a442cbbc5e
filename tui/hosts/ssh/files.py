"""Copying files and folders of this machine to the other one."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from pathlib import PurePath

_CHUNK = 1 << 20  # bytes; the library sends its parts at once


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or folder to be copied.

    Attributes:
        path: Where it is here.
        name: Its path below what is copied.
        is_folder: Whether it is a folder.
        attributes: Its mode and times.
    """

    path: Path
    name: Path
    is_folder: bool
    attributes: asyncssh.SFTPAttrs


async def copy(files: asyncssh.SFTPClient, source: Path, path: PurePath) -> None:
    """Copies a file or folder, with modes and times; what links lead to in place of links.

    The library's own way reads files on the event loop.

    Raises:
        OSError: It cannot be read.
        asyncssh.SFTPError: It cannot be written.
    """
    entries = await asyncio.to_thread(_entries, source)
    await files.makedirs(str(path.parent), exist_ok=True)
    for entry in entries:
        there = str(path / entry.name)
        if entry.is_folder:
            await files.makedirs(there, exist_ok=True)
        else:
            await _copy_file(files, entry.path, there)
    for entry in reversed(entries):  # a folder's last: it may be one that nothing can be written into
        await files.setstat(str(path / entry.name), entry.attributes)


async def _copy_file(files: asyncssh.SFTPClient, source: Path, path: str) -> None:
    content = await asyncio.to_thread(source.open, "rb")
    try:
        async with files.open(path, "wb") as file:
            while chunk := await asyncio.to_thread(content.read, _CHUNK):
                await file.write(chunk)
    finally:
        await asyncio.to_thread(content.close)


def _entries(source: Path) -> list[_Entry]:
    """A file, or a folder ahead of all that is in it."""
    entries = [_entry(source, Path())]
    for folder in entries:
        if folder.is_folder:
            entries += [_entry(path, folder.name / path.name) for path in sorted(folder.path.iterdir())]
    return entries


def _entry(path: Path, name: Path) -> _Entry:
    found = path.stat()
    if not path.is_dir() and not path.is_file():
        raise shutil.SpecialFileError(f"{path} is neither a file nor a folder")
    attributes = asyncssh.SFTPAttrs(
        permissions=found.st_mode & 0o7777, atime=int(found.st_atime), mtime=int(found.st_mtime)
    )
    return _Entry(path, name, path.is_dir(), attributes)
