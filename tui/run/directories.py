"""Where bringup keeps what it keeps, by the system's own conventions (XDG on Linux)."""

from __future__ import annotations

from pathlib import Path

_APP = "bringup"


def runs_folder() -> Path:
    """The folder of all runs' journals, below the user's state directory."""
    from platformdirs import user_state_path

    return user_state_path(_APP, appauthor=False) / "runs"


def cache_folder() -> Path:
    """The folder of what may be fetched again, below the user's cache directory."""
    from platformdirs import user_cache_path

    return user_cache_path(_APP, appauthor=False)


def locks_folder() -> Path:
    """The folder of the locks that keep two runs off one cluster."""
    from platformdirs import user_state_path

    return user_state_path(_APP, appauthor=False) / "locks"


def recording_folder(name: str) -> Path:
    """A run's folder, by its path or its id."""
    path = Path(name).expanduser()
    return path if path.is_dir() else runs_folder() / name


def config_folder() -> Path:
    """The folder of what the user prefers, below the user's configuration directory."""
    from platformdirs import user_config_path

    return user_config_path(_APP, appauthor=False)
