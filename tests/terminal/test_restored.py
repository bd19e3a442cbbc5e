"""However the dashboard ends: the terminal is as it was, nothing runs on, the last lines say what stands."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.processes import is_running
from tests.terminal.conftest import BRINGUP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tmux import Tmux

_BROKEN = """
import sys
from tui.cli import main
from {module} import {owner}

def broken(*_, **__):
    secret = "s3cr3t-t0ken"
    raise RuntimeError("broken on purpose")

def breaks():
    {owner}.{name} = broken

breaks()
sys.argv = ["bringup", *sys.argv[1:]]
main()
"""


def settings(terminal: Tmux, name: str, folder: Path) -> str:
    """What `stty -a` says of the terminal, its size aside."""
    terminal.type(f"stty -a > {name}; echo wrote {name}")
    terminal.wait_for(f"\nwrote {name}")
    return re.sub(r"rows \d+; columns \d+;", "", (folder / name).read_text())


def find(folder: Path) -> int:
    """The process of the bringup that runs in the terminal."""
    lock = next((folder / ".local" / "state" / "bringup" / "locks").iterdir())
    return int(lock.read_text())


def sends(number: signal.Signals) -> Callable[[Tmux, Path], None]:
    def send(_: Tmux, folder: Path) -> None:
        os.kill(find(folder), number)

    return send


def presses(*keys: str) -> Callable[[Tmux, Path], None]:
    def press(terminal: Tmux, _: Path) -> None:
        for key in keys:
            terminal.press(key)
            if key in {"q", "C-c"}:
                terminal.wait_for("Leave the dashboard?")

    return press


@pytest.mark.parametrize(
    "end",
    [
        presses("q", "c"),
        presses("C-c", "c"),
        *map(sends, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)),
    ],
    ids=["q", "ctrl+c", "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"],
)
def test_the_terminal_is_as_it_was(terminal: Tmux, tmp_path: Path, end: Callable[[Tmux, Path], None]) -> None:
    before = settings(terminal, "before", tmp_path)
    terminal.type(f"{BRINGUP} up slow.yaml; echo code $?")
    terminal.wait_for("sleeping")
    end(terminal, tmp_path)
    screen = terminal.wait_for("code 130")
    assert "slow was cancelled" in screen
    assert "Timeline" not in screen
    assert settings(terminal, "after", tmp_path) == before
    assert modes(terminal) == "0 0 0 1 0"
    assert not any(is_running(int((tmp_path / name).read_text())) for name in ("pid", "child"))


def modes(terminal: Tmux) -> str:
    """Alternate screen, mouse reporting (two kinds), cursor, and bracketed paste's stand-in, the keypad."""
    names = ("alternate_on", "mouse_any_flag", "mouse_sgr_flag", "cursor_flag", "keypad_flag")
    return terminal("display", "-p", " ".join(f"#{{{name}}}" for name in names)).strip()


def test_to_the_shell_and_back(terminal: Tmux) -> None:
    terminal.type(f"{BRINGUP} up slow.yaml; echo code $?")
    terminal.wait_for("sleeping")
    whole = without_times(terminal.wait_for("cores"))
    for _ in range(2):
        terminal.press("C-z")
        terminal.wait_for("Stopped")
        assert modes(terminal).startswith("0 0")
        terminal.type("fg")
        terminal.wait_for(lambda screen: without_times(screen) == whole)
    terminal.press("l")  # plain lines can be left for the shell as well
    terminal.wait_for("leads to the dashboard")
    terminal.press("C-z")
    terminal.wait_for("Stopped")
    terminal.type("clear; fg")
    terminal.wait_for("slow.yaml")
    terminal.press("d")
    terminal.wait_for(lambda screen: without_times(screen) == whole)
    terminal.press("q")
    terminal.wait_for("Leave the dashboard?")
    terminal.press("c")
    terminal.wait_for("slow was cancelled")


def without_times(screen: str) -> str:
    """A screen without what changes with time."""
    lines = [line for line in screen.splitlines() if not line.lstrip().startswith("cores ")]
    return re.sub(r"[\d:.━╌─╸╺█▆▄▂░▌ ]+s?|[◐◓◑◒]", "", "\n".join(lines))


def broken(folder: Path, module: str, owner: str, name: str) -> str:
    """A bringup of which one method raises; the command that runs it."""
    script = folder / "broken.py"
    script.write_text(_BROKEN.format(module=module, owner=owner, name=name))
    return BRINGUP.replace("-m tui", str(script))


def test_a_dashboard_that_dies_leaves_the_run_to_plain_lines(terminal: Tmux, tmp_path: Path) -> None:
    (tmp_path / "allowed").touch()
    before = settings(terminal, "before", tmp_path)
    command = broken(tmp_path, "tui.dashboard.widgets.panel", "Panel", "show")
    terminal.type(f"{command} up; echo code $?")
    terminal.wait_for("code 0")
    printed = terminal.scrollback()
    assert "error: the dashboard crashed with RuntimeError; the run goes on, as plain lines" in printed
    assert "hint: please report this" in printed
    assert "s3cr3t-t0ken" not in printed.replace('secret = "s3cr3t-t0ken"', "")
    assert "counter │ counted 8" in printed
    assert "✓ A small plan is up" in printed
    assert settings(terminal, "after", tmp_path) == before
    assert modes(terminal) == "0 0 0 1 0"


def test_an_engine_that_dies_is_told_on_a_restored_screen(terminal: Tmux, tmp_path: Path) -> None:
    before = settings(terminal, "before", tmp_path)
    command = broken(tmp_path, "tui.engine.engine", "Engine", "_start_tasks")
    terminal.type(f"{command} up; echo code $?")
    terminal.wait_for("code 1")
    assert "broken on purpose" in terminal.scrollback()
    assert settings(terminal, "after", tmp_path) == before
    assert modes(terminal) == "0 0 0 1 0"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("nowhere.yaml", 2, "nowhere.yaml: cannot be read"),
        ("--mode sideways", 2, "sideways"),
        ("--env rehearsal --recording nowhere", 2, "nowhere"),
    ],
)
def test_what_cannot_begin_says_why(
    terminal: Tmux, tmp_path: Path, arguments: str, code: int, says: str
) -> None:
    before = settings(terminal, "before", tmp_path)
    terminal.type(f"{BRINGUP} up {arguments}; echo code $?")
    assert says in terminal.wait_for(f"code {code}")
    assert settings(terminal, "after", tmp_path) == before


def test_a_terminal_that_closes_ends_the_run(terminal: Tmux, tmp_path: Path) -> None:
    terminal.type(f"exec {BRINGUP} up slow.yaml")
    terminal.wait_for("sleeping")
    process = find(tmp_path)
    terminal.end()
    deadline = time.monotonic() + 15
    while is_running(process):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not any(is_running(int((tmp_path / name).read_text())) for name in ("pid", "child"))
    journal = next((tmp_path / ".local" / "state" / "bringup" / "runs").glob("*/events.jsonl"))
    assert '"outcome":"cancelled"' in journal.read_text().splitlines()[-1]


def test_what_blocks_a_thread_does_not_keep_the_program(terminal: Tmux, tmp_path: Path) -> None:
    (tmp_path / "stuck.py").write_text(
        "import asyncio, time\n"
        "from tui.cli import main\n"
        "import tui.actions.command as command\n"
        "async def stuck(step, context):\n"
        "    context.log('it hangs')\n"
        "    await asyncio.to_thread(time.sleep, 40)\n"
        "command.run = stuck\n"
        "main(prog_name='bringup')\n"
    )
    terminal.type(f"{BRINGUP.replace('-m tui', 'stuck.py')} up slow.yaml --no-tui; echo code $?")
    terminal.wait_for("it hangs")
    terminal.press("C-c")
    terminal.wait_for("code 130", patience=8)
    assert "is blocked in a call that cannot be interrupted; it was left behind" in terminal.scrollback()


@pytest.mark.parametrize("view", ["--no-tui", "--tui"])
def test_what_blocks_the_engine_is_left_soon_after_ctrl_c(terminal: Tmux, tmp_path: Path, view: str) -> None:
    (tmp_path / "stuck.py").write_text(
        "import time\n"
        "from tui.cli import main\n"
        "import tui.actions.command as command\n"
        "async def stuck(step, context):\n"
        "    context.log('it hangs')\n"
        "    time.sleep(40)\n"
        "command.run = stuck\n"
        "main(prog_name='bringup')\n"
    )
    before = settings(terminal, "before", tmp_path)
    terminal.type(f"{BRINGUP.replace('-m tui', 'stuck.py')} up slow.yaml {view}; echo code $?")
    terminal.wait_for("it hangs" if view == "--no-tui" else "Timeline")
    for _ in range(2 if view == "--no-tui" else 3):  # the dashboard asks first
        time.sleep(0.5)  # or else two are one to the program
        terminal.press("C-c")
    assert "error: bringup does not stop though it was killed" in terminal.wait_for("code 130", patience=8)
    assert settings(terminal, "after", tmp_path) == before
    assert modes(terminal) == "0 0 0 1 0"


def test_nothing_runs_on_without_its_terminal(terminal: Tmux, tmp_path: Path) -> None:
    terminal.type(f"{BRINGUP} up slow.yaml")
    terminal.wait_for("sleeping")
    started = [find(tmp_path), *(int((tmp_path / name).read_text()) for name in ("pid", "child"))]
    terminal.end()
    deadline = time.monotonic() + 20
    while any(map(is_running, started)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_run_can_be_taken_up(terminal: Tmux, tmp_path: Path) -> None:
    terminal.type(f"{BRINGUP} up slow.yaml; echo code $?")
    terminal.wait_for("sleeping")
    os.kill(find(tmp_path), signal.SIGKILL)  # nobody can restore the terminal then: `reset` does
    terminal.wait_for("code 137")
    for name in ("pid", "child"):
        os.kill(int((tmp_path / name).read_text()), signal.SIGKILL)
    terminal.type("reset")
    terminal.wait_for(lambda screen: "sleeping" not in screen)
    terminal.type(f"{BRINGUP} up slow.yaml --resume; echo code $?")
    terminal.wait_for("sleeping")
    terminal.press("q")
    terminal.wait_for("Leave the dashboard?")
    terminal.press("c")
    terminal.wait_for("code 130")
