"""The files that a plan may be made of: without what is ignored, vendored, or cannot be named."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1 << 20  # of a file that is read as YAML
SKIPPED = frozenset(
    {"node_modules", "vendor", "testdata", "third_party", "__pycache__", "venv", "site-packages"}
)
"""Directories, beside hidden ones, whose files are other people's, or no one's."""

ASIDE = frozenset(
    {
        "ci",
        "contrib",
        "demo",
        "demos",
        "doc",
        "docs",
        "e2e",
        "example",
        "examples",
        "hack",
        "sample",
        "samples",
    }
    | {"script", "scripts", "test", "testing", "tests", "tools", "tutorial", "tutorials"}
)
"""Directories that hold what is beside a project: what is in them is found, and left out of its plan."""

ENVIRONMENTS = (
    *("e2e", "kind", "test", "testing", "local", "dev", "development", "ci", "default", "qa", "stage"),
    *("staging", "preprod", "uat", "prod", "production"),
)
"""Names for environments of a project: of such directories beside each other the first here is wanted."""

_MOST_FILES = 300_000
_PATIENCE = 20.0  # seconds for Git to list files
_GIT = ("-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


@dataclass(frozen=True)
class Tree:
    """The files of a directory.

    Attributes:
        root: The directory.
        files: Their paths in it, with `/`, sorted.
        unnamed: How many there are that a plan cannot name.
        cut: Whether there are more files than were looked at.
    """

    root: Path
    files: tuple[str, ...]
    unnamed: int = 0
    cut: bool = False

    @cached_property
    def by_directory(self) -> dict[str, list[str]]:
        """The names of the files of each directory; that of the root is empty."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            directory, _, name = file.rpartition("/")
            found.setdefault(directory, []).append(name)
        return found

    def read(self, file: str, most: int) -> bytes:
        """Return what is in a file; nothing where it cannot be read, or is larger than so many bytes."""
        path = self.root / file
        try:
            if not path.is_file() or path.stat().st_size > most:
                return b""
            return path.read_bytes()
        except OSError:
            return b""

    def read_yaml(self, file: str) -> Any:
        """Return the value that a file holds as YAML; None where it is none that can be read."""
        try:
            return yaml.load(self.read(file, _MOST_BYTES), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, RecursionError, ValueError):
            return None


def list_files(root: Path) -> Tree:
    """List the files of a directory that Git does not ignore; all where it is no checkout.

    Raises:
        OSError: The directory cannot be read.
    """
    list(root.iterdir())
    found = _listed(root)
    if found is None:
        found = _walked(root)
    wanted = sorted({file for file in found if not _is_skipped(file)})
    files = tuple(file for file in wanted if is_nameable(file))
    return Tree(root, files, len(wanted) - len(files), len(found) >= _MOST_FILES)


def is_aside(path: str) -> bool:
    """Return whether a path is in a directory that holds what is beside a project."""
    return any(part.lower() in ASIDE for part in path.split("/"))


def is_nameable(path: str) -> bool:
    """Return whether a plan can name a path: it is text, and nothing in it has a meaning in plans."""
    return path.isprintable() and "$" not in path and not path.startswith("~") and path == path.strip()


def _is_skipped(file: str) -> bool:
    return any(part in SKIPPED or part.startswith(".") for part in file.split("/")[:-1])


def _listed(root: Path) -> list[str] | None:
    """Return the files as Git lists them; None where there is no Git, or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *_GIT],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    if done.returncode:
        return None
    return [os.fsdecode(file) for file in done.stdout.split(b"\0")[:_MOST_FILES] if file]


def _walked(root: Path) -> list[str]:
    found: list[str] = []
    for directory, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in SKIPPED and not name.startswith(".")]
        below = Path(directory).relative_to(root).as_posix()
        found += names if below == "." else [f"{below}/{name}" for name in names]
        if len(found) >= _MOST_FILES:
            return found[:_MOST_FILES]
    return found
