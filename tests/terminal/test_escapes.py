"""What goes to a terminal, byte by byte: what is switched on is switched off, and none of it is others'."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.bench.terminal import opened
from tests.terminal.conftest import SLOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.terminal import Terminal

ALTERNATE = "1049"
ON_AT_FIRST = {"7", "25"}  # long lines go on in the next; the cursor is seen
BROKEN = """
import sys
from tui.cli import main
from tui.dashboard.widgets.timeline import Timeline
def broken(*_):
    raise RuntimeError("broken on purpose")
Timeline.render_line = broken
sys.argv[0] = "bringup"
main()
"""
HOSTILE = r"""
apiVersion: bringup/v1
name: hostile
title: "[/x] \e]0;owned\a\e[?5hHostile"
phases:
  - id: one
    tasks:
      - id: shouts
        title: "\ec\e[3J完 [bold]Shout"
        steps:
          - kind: command
            title: "\e]0;owned\astep"
            shell: |
              printf '\033]0;owned\007one \033[?5h\033c\033[3J\233?5h\tfar\rover [/x] 完\n\377\376 two\n'
              head -c 1000000 /dev/zero | tr '\0' x; echo
              echo shouted
"""


def modes(text: bytes) -> dict[str, str]:
    """What became of each mode of the terminal that was set or reset: `h` or `l`."""
    changes = re.findall(r"\x1b\[\?([\d;]+)([hl])", text.decode(errors="replace"))
    return {mode: change for names, change in changes for mode in names.split(";")}


def is_restored(text: bytes) -> None:
    """All modes are as they are at first, and the keyboard's protocol, of which there is a stack, too."""
    found = modes(text)
    assert ALTERNATE in found
    assert found == {mode: "h" if mode in ON_AT_FIRST else "l" for mode in found}
    assert len(re.findall(rb"\x1b\[>\d*u", text)) == len(re.findall(rb"\x1b\[<\d*u", text))


def last_lines(text: bytes) -> str:
    """What stands on the main screen behind the dashboard."""
    return text.rpartition(b"\x1b[?1049l")[2].decode(errors="replace")


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """A plan that takes its time."""
    plan = tmp_path / "slow.yaml"
    plan.write_text(SLOW)
    return str(plan)


def by_key(terminal: Terminal) -> None:
    terminal.send(b"\xe4q")  # the first as in a terminal of another encoding
    terminal.wait_for(b"Leave the dashboard?")
    terminal.send(b"c")


def by_signal(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGTERM)


@pytest.mark.parametrize("end", [by_key, by_signal])
def test_what_is_switched_on_is_switched_off(
    tmp_path: Path, slow: str, end: Callable[[Terminal], None]
) -> None:
    with opened("-m", "tui", "up", slow, home=tmp_path) as terminal:
        terminal.wait_for(b"sleeping")
        assert modes(terminal.text)[ALTERNATE] == "h"
        end(terminal)
        assert terminal.join()
        is_restored(terminal.text)
        assert "slow was cancelled" in last_lines(terminal.text)


def test_a_dashboard_that_dies_switches_all_off(tmp_path: Path, slow: str) -> None:
    with opened("-c", BROKEN, "up", slow, home=tmp_path) as terminal:
        terminal.wait_for(b"the dashboard crashed with RuntimeError")
        is_restored(terminal.text)
        terminal.wait_for(b"sleeping", terminal.text.rindex(b"\x1b[?1049l"))  # it goes on, as plain lines
        by_signal(terminal)
        assert terminal.join()
        assert "slow was cancelled" in last_lines(terminal.text)


def test_each_way_to_plain_lines_and_back_is_a_whole_one(tmp_path: Path, slow: str) -> None:
    with opened("-m", "tui", "up", slow, home=tmp_path) as terminal:
        place = 0
        terminal.wait_for(b"sleeping")  # only a run that has begun can be left for plain lines
        for turn in range(3):
            terminal.wait_for(b"Timeline", place)
            place, _ = terminal.send(b"l")
            terminal.wait_for(b"plain lines; d leads to the dashboard", place)
            if not turn:
                terminal.wait_for(b"sleeping", place)
            is_restored(terminal.text)
            place, _ = terminal.send(b"d")
        terminal.wait_for(b"Timeline", place)
        by_key(terminal)
        assert terminal.join()
        is_restored(terminal.text)
        assert terminal.text.count(b"\x1b[?1049h") == terminal.text.count(b"\x1b[?1049l") == 4
        printed = re.sub(r"\x1b\[[\d;]*m", "", terminal.text.decode())
        assert printed.count("│ sleeping\r\n") == 1


def test_nothing_that_a_command_says_is_obeyed(tmp_path: Path) -> None:
    (tmp_path / "hostile.yaml").write_text(HOSTILE)
    with opened("-m", "tui", "up", str(tmp_path / "hostile.yaml"), home=tmp_path) as terminal:
        terminal.wait_for(b"why it took so long")
        terminal.send(b"\r")  # its log: the panel of a task that is quick may never be drawn
        terminal.wait_for(b"shouted")
        place, _ = terminal.send(b"q")
        terminal.wait_for(b"why it took so long", place)
        terminal.send(b"q")
        assert terminal.join()
        said = terminal.text
        is_restored(said)
        assert b"owned" not in said
        assert "5" not in modes(said)
        for sequence in (b"\x1bc", b"\x1b[3J", b"\x9b?"):
            assert sequence not in said
        assert "Hostile is up" in last_lines(said)
