"""Where bringup keeps what it keeps, by the system's own conventions (XDG on Linux)."""

from __future__ import annotations

import os
from pathlib import Path

from tui.errors import NotReadyError

_APP = "bringup"
_DEFAULTS = {"state": "~/.local/state", "cache": "~/.cache", "config": "~/.config"}


def runs_directory() -> Path:
    """Return the directory of all runs' journals, below the user's state directory."""
    return _user_directory("state") / "runs"


def locks_directory() -> Path:
    """Return the directory of the locks that keep two runs off one cluster."""
    return _user_directory("state") / "locks"


def cache_directory() -> Path:
    """Return the directory of what may be fetched again."""
    return _user_directory("cache")


def config_directory() -> Path:
    """Return the directory of what the user prefers."""
    return _user_directory("config")


def _user_directory(kind: str) -> Path:
    """Return a directory of the user's own.

    Raises:
        NotReadyError: Neither HOME nor the XDG variable says where it is.
    """
    import platformdirs

    variable = f"XDG_{kind.upper()}_HOME"
    path: Path = getattr(platformdirs, f"user_{kind}_path")(_APP, appauthor=False)
    given = os.environ.get(variable, "").strip()
    if given and not Path(given).is_absolute():  # which is to be ignored, by the specification
        path = Path(os.path.expanduser(_DEFAULTS[kind])) / _APP  # noqa: PTH111 - leaves an unknown home alone
    if not path.is_absolute():
        raise NotReadyError("the home directory is not known", f"set HOME or {variable}")
    return path
