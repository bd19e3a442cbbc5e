"""The dashboard as a person uses it: a real program in a real terminal, keys pressed, its screen read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.terminal.conftest import BRINGUP

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tmux import Tmux


def test_it_fails_is_retried_switched_searched_and_left(terminal: Tmux, tmp_path: Path) -> None:
    terminal.type(f"{BRINGUP}; echo code $?")
    terminal.wait_for("✗ Break")
    terminal.wait_for("needs Break, which failed")
    terminal.wait_for("E: it is not there")
    terminal.press("r")
    terminal.wait_for("attempt 2")
    terminal.press("m")
    terminal.wait_for("Mode from now on")
    terminal.press("3")
    terminal.wait_for("SEQUENTIAL")
    (tmp_path / "allowed").touch()
    terminal.wait_for("1 task failed")
    terminal.press("R")
    terminal.wait_for("✓ up in")
    terminal.press("home", "/")
    terminal.wait_for("Count · ✓ succeeded")
    terminal.wait_for(lambda screen: bool(re.search(r"^ /$", screen, re.MULTILINE)))
    terminal.press(*"counted [56]", "Enter")
    terminal.wait_for("match 1 of 2")
    terminal.press("n")
    terminal.wait_for("match 2 of 2")
    terminal.press("q")
    terminal.wait_for("Timeline")
    terminal.press("q")
    terminal.wait_for("code 0")
    printed = terminal.scrollback()
    assert "✓ A small plan is up" in printed
    assert "Timeline" not in printed  # the dashboard has left no trace


def test_plain_lines_and_back_lose_nothing(terminal: Tmux, tmp_path: Path) -> None:
    (tmp_path / "allowed").touch()
    terminal.type(f"{BRINGUP}; echo code $?")
    terminal.wait_for("counted 2")
    terminal.press("l")
    terminal.wait_for("d leads to the dashboard")
    terminal.press("d")
    terminal.wait_for("Timeline")
    terminal.press("l")
    terminal.wait_for("code 0")
    printed = terminal.scrollback()
    counted = re.findall(r"counter │ (counted \d)", printed)
    assert counted == [f"counted {i}" for i in range(1, 9)]
    assert printed.count("Go on succeeded") == 1
    assert printed.index("Go on succeeded") < printed.index("✓ A small plan is up")


def test_without_colour_and_at_every_size(terminal: Tmux) -> None:
    terminal.type(f"NO_COLOR=1 {BRINGUP}; echo code $?")
    terminal.wait_for("✗ Break")
    for columns, rows in ((80, 24), (40, 10), (200, 60), (20, 5), (120, 40)):
        terminal.resize(columns, rows)
        terminal.wait_for(lambda screen: bool(re.search(r"[◐✓✗] (Count|Break)", screen)) or rows < 10)  # noqa: B023
    colours = set(re.findall(r"\x1b\[[0-9;]*?[34]8;2;(\d+);(\d+);(\d+)", terminal.screen(colours=True)))
    assert all(len(set(colour)) == 1 for colour in colours)  # greys
    terminal.wait_for("1 task failed")
    terminal.press("q")
    terminal.wait_for("code 1")


@pytest.mark.parametrize(("key", "code"), [("c", 130), ("l", 130)])
def test_leaving_a_run_that_goes_on_asks_what_becomes_of_it(
    terminal: Tmux, tmp_path: Path, key: str, code: int
) -> None:
    terminal.type(f"{BRINGUP} up slow.yaml; echo code $?")
    terminal.wait_for("sleeping")
    terminal.press("q")
    terminal.wait_for("Leave the dashboard?")
    terminal.press(key)
    if key == "l":
        terminal.wait_for("│ sleeping")
        terminal.press("C-c")
    terminal.wait_for(f"code {code}")
    assert "slow was cancelled" in terminal.scrollback()
    assert (tmp_path / "pid").exists()
