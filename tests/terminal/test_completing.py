"""Completion in the shells themselves: what a user gets who presses Tab."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tmux import tmux

if TYPE_CHECKING:
    from tests.tmux import Tmux

SETUPS = {
    "bash": "source <(bringup completion bash)",
    "zsh": "autoload -U compinit; compinit -u; source <(bringup completion zsh)",
    "fish": "bringup completion fish | source",
}
STARTS = {"bash": "bash --norc", "zsh": "zsh -f", "fish": "fish --no-config"}

TYPED = {
    "bringup up workflowexecution-h": "bringup up workflowexecution-hybrid",
    "bringup up mi": "bringup up mine.yaml",
    "bringup up --mode=ea": "bringup up --mode=eager",
    "bringup up --set a=b --mode se": "bringup up --set a=b --mode sequential",
    "bringup run -- mi": "bringup run -- mine.yaml",
}


@pytest.mark.parametrize("shell", SETUPS)
def test_a_shell_completes_names_files_and_values(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "mine.yaml").touch()
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    with tmux(tmp_path, {"PATH": path}) as terminal:
        terminal.type(STARTS[shell])
        terminal.type(SETUPS[shell])
        terminal.type("echo re''ady")
        terminal.wait_for("\nready")
        for typed, wanted in TYPED.items():
            _complete(terminal, typed)
            terminal.wait_for(wanted)
            terminal.press("C-c")


def _complete(terminal: Tmux, typed: str) -> None:
    terminal("send-keys", "-l", typed)
    terminal.wait_for(typed)
    terminal.press("Tab")
