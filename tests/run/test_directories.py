"""Where bringup keeps what it keeps, whatever the environment says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.errors import NotReadyError
from tui.run.directories import cache_directory, config_directory, locks_directory, runs_directory


def test_the_xdg_variables_say_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    assert runs_directory() == tmp_path / "STATE" / "bringup" / "runs"
    assert locks_directory() == tmp_path / "STATE" / "bringup" / "locks"
    assert cache_directory() == tmp_path / "CACHE" / "bringup"
    assert config_directory() == tmp_path / "CONFIG" / "bringup"


def test_relative_ones_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", "/home/me")
    assert runs_directory() == Path("/home/me/.local/state/bringup/runs")


def test_an_unknown_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without an entry
    with pytest.raises(NotReadyError, match="the home directory is not known") as caught:
        runs_directory()
    assert caught.value.hint == "set HOME or XDG_STATE_HOME to an absolute path"
