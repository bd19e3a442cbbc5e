"""A build context as a tar stream, without what its ignore file names."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.actions.image.ignore import IgnoreRules, read_rules
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.actions.image.ignore import Matched

_CHUNK = 1 << 18  # bytes given out at once, and read of a file at once
IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a build is sent.

    Attributes:
        directory: The context.
        dockerfile: The Dockerfile's name inside the tar.
        content: What is in the Dockerfile.
        rules: What is left out.
        added: Files that are not the directory's own, by name: a Dockerfile from elsewhere.
    """

    directory: Path
    dockerfile: str
    content: bytes
    rules: IgnoreRules
    added: Mapping[str, bytes] = field(default_factory=dict)

    def pack(self) -> Iterator[bytes]:
        """Yield the tar, piece by piece; blocks while it reads.

        The order is that of names, and owners are root, so that the engine's cache is hit whoever builds.

        Raises:
            ActionError: A file cannot be read, or changed meanwhile.
        """
        buffer = bytearray()
        for piece in self._pieces():
            buffer += piece
            if len(buffer) >= _CHUNK:
                yield bytes(buffer)
                buffer.clear()
        yield bytes(buffer) + bytes(2 * tarfile.BLOCKSIZE)

    def names(self) -> list[str]:
        """Return what is sent of the directory, in order; blocks."""
        return [name for name, _ in self._entries(self.directory)]

    def _pieces(self) -> Iterator[bytes]:
        for name, path in self._entries(self.directory):
            if name not in self.added:
                with _told(path):
                    yield from _member(name, path)
        for name, content in self.added.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            yield from _framed(info, io.BytesIO(content))

    def _entries(
        self, directory: Path, prefix: str = "", parent: Matched = (), ignored: bool = False
    ) -> Iterator[tuple[str, Path]]:
        for entry in self._scan(directory, ignored):
            name, path = prefix + entry.name, Path(entry.path)
            leave_out, matched = self.rules.judge(name, parent)
            sent = not leave_out or name in (self.dockerfile, IGNORE_FILE)
            if not entry.is_dir(follow_symlinks=False):
                if sent:
                    yield name, path
                continue
            within = self._entries(path, f"{name}/", matched, leave_out)
            if sent:
                yield name, path
                yield from within
            elif self.dockerfile.startswith(f"{name}/") or self.rules.may_except_below(name):
                first = next(within, None)
                if first is not None:  # something in it is sent, so it is
                    yield name, path
                    yield first
                    yield from within

    def _scan(self, directory: Path, ignored: bool) -> list[os.DirEntry[str]]:
        try:
            with _told(directory), os.scandir(directory) as found:
                return sorted(found, key=lambda entry: entry.name)
        except ActionError:
            if not ignored:
                raise
        return []  # it has gone, or was only looked through for exceptions


def read_context(directory: Path, dockerfile: Path | None = None) -> BuildContext:
    """Read a context's ignore file and Dockerfile; blocks.

    Args:
        directory: The context.
        dockerfile: Its Dockerfile, which may be elsewhere; `Dockerfile` in the context if None.

    Raises:
        ActionError: There is no Dockerfile, or the ignore file cannot be read or has a bad pattern.
    """
    if not directory.is_dir():
        raise ActionError(f"the build context {directory} is not a directory")
    dockerfile = dockerfile or directory / "Dockerfile"
    content = read_dockerfile(dockerfile)
    own = dockerfile.with_name(f"{dockerfile.name}{IGNORE_FILE}")
    shared = directory / IGNORE_FILE
    source = own if own.exists() else shared
    rules = read_rules(_read(source), source.name) if source.exists() else IgnoreRules()
    here, root = dockerfile.parent.resolve(), directory.resolve()
    if source is shared and here.is_relative_to(root) and not dockerfile.is_symlink():
        return BuildContext(directory, (here / dockerfile.name).relative_to(root).as_posix(), content, rules)
    # As the docker command does: the engine drops both from the context before it copies from it.
    name = f".dockerfile.{dockerfile.name}"  # not of its content, which would change the context with it
    # Podman goes by the lines that are sent: they must not be those of a file that does not count.
    lines = _read(shared) + b"\n" if source is shared and shared.exists() else b""
    lines += b"" if shared.exists() and not rules.ignores(IGNORE_FILE) else f"{IGNORE_FILE}\n".encode()
    added = {IGNORE_FILE: lines + f"{name}\n".encode(), name: content}
    return BuildContext(directory, name, content, rules, added)


def read_dockerfile(path: Path) -> bytes:
    """Read a Dockerfile; blocks.

    Raises:
        ActionError: It is not there, or cannot be read.
    """
    if path.is_dir():
        raise ActionError(f"{path} is a directory, not a Dockerfile", "name the file in it with `dockerfile`")
    if not path.exists():
        raise ActionError(f"there is no Dockerfile {path}", "name it with `dockerfile`")
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ActionError(f"{path} cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the error of reading a path into one that names it; ignore a path that has gone meanwhile."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ActionError(
            f"{path} of the build context cannot be read: {error.strerror}",
            f"let this user read it, or name it in {IGNORE_FILE}",
        ) from error


def _member(name: str, path: Path) -> Iterator[bytes]:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(path)  # noqa: PTH115 - as it is written: a Path would shorten it
    elif stat.S_ISFIFO(status.st_mode):
        info.type = tarfile.FIFOTYPE
    elif stat.S_ISREG(status.st_mode):
        info.size = status.st_size
        with path.open("rb") as file:
            yield from _framed(info, file)
        return
    else:  # a socket or a device is nothing that an image could have from here
        return
    yield info.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")


def _framed(info: tarfile.TarInfo, file: io.BufferedIOBase | io.BufferedReader) -> Iterator[bytes]:
    yield info.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
    left = info.size
    while left:
        data = file.read(min(left, _CHUNK))
        if not data:
            raise ActionError(
                f"{info.name} of the build context became shorter while it was sent",
                f"name it in {IGNORE_FILE} if the build does not need it, or run the task again",
            )
        left -= len(data)
        yield data
    yield bytes(-info.size % tarfile.BLOCKSIZE)
