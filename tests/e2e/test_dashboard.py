"""The bundled plan brought up on a real cluster in the dashboard, in a real terminal, and controlled by keys.

With BRINGUP_CAPTURES=FOLDER the screens on the way are kept there, as `tmux capture-pane -e -p` prints them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_bring_up import check_deployments, check_tables
from tests.tmux import quoted, tmux
from tui.plan.bundled import manifests_folder
from tui.run import events as e
from tui.run.journal import read_events

if TYPE_CHECKING:
    from tests.e2e.conftest import Bringup
    from tests.tmux import Tmux

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

_CAPTURES = os.environ.get("BRINGUP_CAPTURES")
_BUILD = 240.0  # seconds for what takes long


def capture(terminal: Tmux, name: str) -> None:
    if _CAPTURES:
        Path(_CAPTURES, f"{name}.ansi").write_text(terminal.screen(colours=True), encoding="utf-8")


def test_a_task_fails_is_retried_and_the_mode_is_switched_midway(bringup: Bringup, tmp_path: Path) -> None:
    context = tmp_path / "data-storage"
    shutil.copytree(manifests_folder() / "shared" / "data-storage", context)
    dockerfile = context / "Dockerfile"
    right = dockerfile.read_text()
    dockerfile.write_text(right.replace("python3-aiohttp", "python3-aiohtpp"))
    assert dockerfile.read_text() != right
    argv = bringup.argv("up", "--env", "kind", "--set", f"data_storage.context={context}")
    with tmux(bringup.home) as terminal:
        terminal.type(quoted(argv) + "; echo code $?")
        terminal.wait_for("◐ Kind cluster")
        capture(terminal, "1-started")
        screen = terminal.wait_for("✗ Data Storage image", _BUILD)
        assert "PARALLEL" in screen
        terminal.wait_for("r retry")
        screen = terminal.wait_for("Unable to locate package python3-aiohtpp")
        assert re.search(r"– Deploy Data Storage +needs Data Storage image, which failed", screen)
        capture(terminal, "2-failed")
        terminal.press("m")
        terminal.wait_for("Mode from now on")
        capture(terminal, "3-mode")
        terminal.press("2")
        terminal.wait_for("EAGER")
        dockerfile.write_text(right)
        terminal.press("r")
        terminal.wait_for(lambda screen: bool(re.search(r"Data Storage image .*attempt 2", screen)))
        capture(terminal, "4-retried")
        terminal.press("l")
        terminal.wait_for("│ → ")
        terminal.press("d")
        terminal.wait_for("Timeline")
        terminal.wait_for("✓ up in ", _BUILD)
        capture(terminal, "5-up")
        terminal.press("d")
        terminal.wait_for("Critical path")
        capture(terminal, "6-why")
        terminal.press("escape")
        terminal.wait_for("Timeline")
        terminal.press("q")
        terminal.wait_for("code 0")
        printed = terminal.scrollback()
    assert "✓ WorkflowExecution end-to-end environment is up" in printed
    check_deployments(bringup)
    check_tables(bringup)
    run = next((bringup.home / ".local" / "state" / "bringup" / "runs").glob("2*"))
    check_journal(list(read_events(run)))
    if _CAPTURES:
        shutil.copytree(run, Path(_CAPTURES, "run"), dirs_exist_ok=True)


def check_journal(events: list[e.Event]) -> None:
    """What the journal tells of it: two attempts, the switch of modes, and what was skipped run after all."""
    assert attempts(events, "data-storage-image") == ["failed", "succeeded"]
    assert [ev.mode for ev in events if isinstance(ev, e.ModeChanged)] == ["eager"]
    ends = [
        ev.outcome for ev in events if isinstance(ev, e.TaskFinished) and ev.task == "deploy-data-storage"
    ]
    assert ends == ["skipped", "succeeded"]
    last = events[-1]
    assert isinstance(last, e.RunFinished)
    assert last.outcome == "succeeded"


def attempts(events: list[e.Event], task: str) -> list[str]:
    return [ev.outcome for ev in events if isinstance(ev, e.AttemptFinished) and ev.task == task]
