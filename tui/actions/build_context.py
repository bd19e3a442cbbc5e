"""A build context as a tar stream, without what its `.dockerignore` names.

The rules are Docker's (docs.docker.com/build/concepts/context/#dockerignore-files, moby/patternmatcher):
patterns are rooted at the context, `**` crosses folders, `!` takes back in, the last match wins, and what
matches a folder matches all that is in it.
"""

from __future__ import annotations

import io
import os
import posixpath
import re
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import PathSpec
from pathspec.pattern import RegexPattern

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18  # bytes given out at once, and read of a file at once
_IGNORE = ".dockerignore"


class DockerPattern(RegexPattern):
    """A line of a `.dockerignore`."""

    @classmethod
    def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]  # the base also takes bytes
        """Translates a line; None for one that says nothing."""
        if pattern.startswith("#"):
            return None, None
        pattern = pattern.strip()
        ignores = not pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        if not pattern:
            return None, None
        pattern = posixpath.normpath(pattern).lstrip("/")
        if pattern in ("", "."):
            return None, None
        return f"^{_translate(pattern)}(?:/.*)?$", ignores


def _translate(pattern: str) -> str:
    regex = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            at += 2 if pattern[at + 1 : at + 2] == "/" else 1
            regex += ".*" if at == len(pattern) else "(?:.*/)?"
        elif char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "[":
            group, at = _class(pattern, at)
            regex += group
        elif char == "\\" and at < len(pattern):
            regex += re.escape(pattern[at])
            at += 1
        else:
            regex += re.escape(char)
    return regex


def _class(pattern: str, at: int) -> tuple[str, int]:
    """A `[…]` whose inside begins at a place, and the place after it."""
    found = re.compile(r"(\^?)((?:\\.|[^\]\\])+)\]").match(pattern, at)
    if found is None:
        raise ActionError(f"{_IGNORE}: {pattern!r} has a [ that is not closed", "write a plain [ as \\[")
    inside = re.sub(r"\[", r"\\[", re.sub(r"\\(.)", lambda part: re.escape(part[1]), found[2]))
    return f"(?!/)[{found[1]}{inside}]", found.end()


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a build is sent.

    Attributes:
        folder: The context.
        dockerfile: The Dockerfile's name inside the tar.
        ignored: What is left out.
        prunable: Whether an ignored folder can be passed over: nothing is taken back in.
        added: Files that are not the folder's own, by name: a Dockerfile from elsewhere.
    """

    folder: Path
    dockerfile: str
    ignored: PathSpec[DockerPattern]
    prunable: bool
    added: tuple[tuple[str, bytes], ...] = ()

    def pack(self) -> Iterator[bytes]:
        """The tar, piece by piece; blocks while it reads.

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
        """What is sent of the folder, in order."""
        return [name for name, _ in self._entries(self.folder, "")]

    def _pieces(self) -> Iterator[bytes]:
        added = dict(self.added)
        for name, path in self._entries(self.folder, ""):
            if name in added:
                continue
            try:
                yield from _member(name, path)
            except OSError as error:
                raise ActionError(
                    f"{path} of the build context cannot be read: {error.strerror}",
                    f"let this user read it, or name it in {_IGNORE}",
                ) from error
        for name, content in self.added:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            yield from _framed(info, io.BytesIO(content))

    def _entries(self, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = prefix + entry.name
            path = Path(entry.path)
            sent = name in (self.dockerfile, _IGNORE) or not self.ignored.match_file(name)
            if not entry.is_dir(follow_symlinks=False):
                if sent:
                    yield name, path
                continue
            within = self._entries(path, f"{name}/")
            if sent:
                yield name, path
                yield from within
            elif not self.prunable or self.dockerfile.startswith(f"{name}/"):
                first = next(within, None)
                if first is not None:  # something in it is sent, so it is
                    yield name, path
                    yield first
                    yield from within


def read_context(folder: Path, dockerfile: Path | None = None) -> BuildContext:
    """Reads what a context leaves out; blocks.

    Args:
        folder: The context.
        dockerfile: Its Dockerfile, which may lie elsewhere; `Dockerfile` in the context if None.

    Raises:
        ActionError: There is no Dockerfile, or the `.dockerignore` has a pattern that is none.
    """
    if not folder.is_dir():
        raise ActionError(f"the build context {folder} is not a folder")
    dockerfile = dockerfile or folder / "Dockerfile"
    if not dockerfile.is_file():
        raise ActionError(f"there is no Dockerfile {dockerfile}", "name it with `dockerfile`")
    own = dockerfile.with_name(f"{dockerfile.name}{_IGNORE}")
    source = own if own.is_file() else folder / _IGNORE
    text = source.read_text(encoding="utf-8-sig", errors="surrogateescape") if source.is_file() else ""
    lines = text.splitlines()
    ignored = PathSpec([DockerPattern(line) for line in lines])
    prunable = not any(line.strip().startswith("!") for line in lines)
    if dockerfile.is_relative_to(folder):
        return BuildContext(folder, dockerfile.relative_to(folder).as_posix(), ignored, prunable)
    content = dockerfile.read_bytes()
    name = f".dockerfile.{dockerfile.name}"  # not of its content, which would change the context with it
    # As the docker command does: the engine then drops both from the context before it copies from it.
    there = folder / _IGNORE
    rules = there.read_bytes() + b"\n" if there.is_file() else f"{_IGNORE}\n".encode()
    added = ((_IGNORE, rules + f"{name}\n".encode()), (name, content))
    return BuildContext(folder, name, ignored, prunable, added)


def _member(name: str, path: Path) -> Iterator[bytes]:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = str(path.readlink())
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
                f"{info.name} of the build context became shorter while it was sent", "try again"
            )
        left -= len(data)
        yield data
    yield bytes(-info.size % tarfile.BLOCKSIZE)
