"""What there is to copy of a file or directory, links and all."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, directory or symbolic link to be copied.

    Attributes:
        path: Where it is.
        name: Its path below what is copied.
        status: Its mode, size and times; of a link that stays one, its own.
        target: What a link that stays one leads to; empty for files and directories.
    """

    path: Path
    name: Path
    status: os.stat_result
    target: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.status.st_mode)


def list_tree(source: Path) -> list[Entry]:
    """List a file, or a directory ahead of all that is in it; blocks.

    A link stays a link where it leads to something that is copied too, so that no loop is followed, or to
    nothing, or to a directory around `source`. In place of any other, what it leads to is copied. Sockets,
    pipes and devices in a directory are left out.

    Raises:
        OSError: Something cannot be read.
    """
    return _Walk(source).entries()


class _Walk:
    """One listing.

    Attributes:
        places: The directories that are copied, by where they really are, with their names below the source.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        self._real = Path(os.path.realpath(source))
        self.places: dict[Path, Path] = {}

    def entries(self) -> list[Entry]:
        status = self._source.stat()
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
            raise shutil.SpecialFileError(f"{self._source} is neither a file nor a directory")
        found = [Entry(self._source, Path(), status)]
        for entry in found:  # which grows meanwhile
            if entry.is_directory:
                self.places.setdefault(Path(os.path.realpath(entry.path)), entry.name)
                with os.scandir(entry.path) as children:
                    names = sorted(child.name for child in children)
                found += filter(None, (self._entry(entry.path / name, entry.name / name) for name in names))
        return found

    def _entry(self, path: Path, name: Path) -> Entry | None:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = self._kept(path, name)
            if target:
                return Entry(path, name, status, target)
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                self.places[Path(os.path.realpath(path))] = name
        is_copied = stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
        return Entry(path, name, status) if is_copied else None

    def _kept(self, path: Path, name: Path) -> str:
        """Return what a link is to lead to, if it is to stay one."""
        real = Path(os.path.realpath(path))
        if not real.exists() or real in self._real.parents:
            return str(path.readlink())
        if self._source.is_dir() and real.is_relative_to(self._real):
            place = real.relative_to(self._real)
        else:
            around = next((each for each in (real, *real.parents) if each in self.places), None)
            if around is None:
                return ""
            place = self.places[around] / real.relative_to(around)
        return os.path.relpath(place, name.parent)
