"""Where bringup keeps what it keeps, by the system's own conventions (XDG on Linux)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tui.errors import NotReadyError

_APP = "bringup"

OWN_FILE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
"""How a file is opened in a directory of all users: it must not be a link of somebody else's."""


def runs_directory() -> Path:
    """Return the directory of all runs' journals, below the user's state directory."""
    return _user_directory("state") / "runs"


def locks_directory() -> Path:
    """Return the directory of the locks that keep two runs off one cluster."""
    return _user_directory("state") / "locks"


def kubeconfigs_directory() -> Path:
    """Return the directory of private kubeconfigs, each of one context of the user's."""
    return _user_directory("state") / "kubeconfigs"


def local_directory() -> Path:
    """Return a directory of this machine alone, unlike a home that is on a network."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())


def cache_directory() -> Path:
    """Return the directory of what may be fetched again."""
    return _user_directory("cache")


def config_directory() -> Path:
    """Return the directory of what the user prefers."""
    return _user_directory("config")


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file of the user's, and its directory, whole or not at all.

    Args:
        path: The file.
        text: What is to be in it.
        private: Whether nobody else may read it.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600 if private else 0o666)
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _user_directory(kind: str) -> Path:
    """Return a directory of the user's own.

    Raises:
        NotReadyError: Neither HOME nor the XDG variable says where it is.
    """
    import platformdirs

    try:
        path: Path = getattr(platformdirs, f"user_{kind}_path")(_APP, appauthor=False)
    except RuntimeError as error:
        hint = f"set HOME or XDG_{kind.upper()}_HOME to an absolute path"
        raise NotReadyError("the home directory is not known", hint) from error
    return path
