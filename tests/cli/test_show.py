"""`bringup show`: a kept run at its end, and as it stood at a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import bringup
from tests.run.test_store import keep
from tui.cli.kept import expected
from tui.cli.race import chosen
from tui.cli.show import _moment
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20260101T000000Z-0000"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    keep(
        Store(tmp_path / "state" / "bringup" / "runs"), RUN, "succeeded", started="2026-01-01T23:59:58+00:00"
    )
    return tmp_path


def test_without_a_terminal_the_report_is_printed(folder: Path) -> None:
    text = bringup(folder, "show").stdout
    assert text.startswith(f"run {RUN}, 2026-01-01T23:59:58+00:00, kind on this machine, parallel\n")
    assert "✓ test is up · 5.0s" in text
    told = json.loads(bringup(folder, "show", RUN[:9], "--output", "json").stdout)
    assert (told["run"], told["outcome"], told["seconds"]) == (RUN, "succeeded", 5.0)
    assert "cannot be done" in bringup(folder, "show", "--tui").stderr


@pytest.mark.parametrize(
    ("at", "seconds"),
    [("0", 0), ("2", 2), ("3s", 3), ("0:03", 3), ("40%", 2), ("23:59", 0), ("00:00:01", 1)],
)
def test_a_run_is_shown_as_it_stood_at_a_moment(folder: Path, at: str, seconds: float) -> None:
    told = json.loads(bringup(folder, "show", "--at", at, "--output", "json").stdout)
    assert told["outcome"] == "running"
    assert told["verdict"].startswith("test is still brought up")
    assert "is still brought up" in bringup(folder, "show", "--at", at).stdout
    assert _moment(at, Store().open(RUN)) == seconds


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "5138-11-17"])
def test_a_start_that_no_clock_shows_is_not_told(folder: Path, start: str) -> None:
    keep(Store(), "20260102T000000Z-0000", "succeeded", started=start)
    done = bringup(folder, "show", "latest", "--at", "23:00")
    assert done.returncode == 2
    assert "name one from 0:00 to 0:05, a percentage\n" in done.stderr
    assert bringup(folder, "export", "latest", "--format", "mermaid").returncode == 0


@pytest.mark.parametrize("at", ["0:06", "101%", "12:00", "25:00", "soon", "-1", "", "%"])
def test_a_moment_that_the_run_does_not_have_is_refused(folder: Path, at: str) -> None:
    done = bringup(folder, "show", f"--at={at}")
    assert done.returncode == 2
    assert f"run {RUN} has no such moment" in done.stderr
    assert "name one from 0:00 to 0:05, a percentage, or a time from 23:59:58 to 00:00:03" in done.stderr


def test_a_rehearsal_is_expected_to_take_as_long_as_its_speed_lets_it(folder: Path) -> None:
    store = Store()
    for number, speed in enumerate((2.0, 2.0, 10.0)):
        id_ = f"2026010{number + 2}T000000Z-0000"
        keep(store, id_, "succeeded", environment="rehearsal", speed=speed)
    assert expected(store, store.open("latest")).seconds == {"a": 5.0 * 2.0 / 10.0}


def test_a_run_is_not_shown_that_is_none(folder: Path) -> None:
    for reference in ("nothing", "@median", "^9"):
        done = bringup(folder, "show", reference)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_a_replay_needs_a_screen_and_says_what_does_without(folder: Path) -> None:
    done = bringup(folder, "replay", "--speed", "4")
    assert done.returncode == 2
    assert "a replay needs a screen" in done.stderr
    assert f"bringup show {RUN} --at 50%" in done.stderr
    assert bringup(folder, "replay", "--speed", "100").returncode == 2
    assert "there is no such run" in bringup(folder, "replay", "none").stderr


def test_a_race_is_of_two_or_three_runs_or_of_a_plans_modes(folder: Path) -> None:
    store = Store(folder / "state" / "bringup" / "runs")
    assert "came up in one mode at most" in bringup(folder, "race", "test").stderr
    assert "two or three runs" in bringup(folder, "race", RUN).stderr
    assert "two or three runs" in bringup(folder, "race", *[RUN] * 4).stderr
    keep(store, f"{RUN[:-1]}1", "succeeded", mode="sequential")
    keep(store, f"{RUN[:-1]}2", "failed", mode="eager")
    assert [run.started.mode for run in chosen(store, ("test",))] == ["sequential", "parallel"]
    done = bringup(folder, "race", "test")
    assert (done.returncode, "a race needs a screen" in done.stderr) == (2, True)
