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
STARTS = {
    "bash": "PS1='next> ' bash --norc",
    "zsh": "PS1='next> ' zsh -f",
    "fish": "fish --no-config -C \"function fish_prompt; echo -n 'next> '; end\"",
}

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
        for line in (STARTS[shell], SETUPS[shell]):
            terminal("send-keys", "-l", line)
            terminal.wait_for(line)
            terminal.press("Enter")
            terminal.wait_for(_waits)  # a shell may drop what is typed before it asks
        for typed, wanted in TYPED.items():
            _complete(terminal, typed)
            terminal.wait_for(wanted)
            terminal.press("C-c")
            terminal.wait_for(_waits)


def _waits(screen: str) -> bool:
    """Whether the shell waits for a line."""
    return screen.rstrip().endswith("\nnext>")


def _complete(terminal: Tmux, typed: str) -> None:
    terminal("send-keys", "-l", typed)
    terminal.wait_for(typed)
    terminal.press("Tab")
