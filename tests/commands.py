"""Commands as their user gives them, run within the tests' own process.

A program of its own takes half a second to start. Tests start one where the process itself is looked at: its
signals, its terminal, its encodings, what it reads but once.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

from click.testing import CliRunner

from tui.cli import main

if TYPE_CHECKING:
    from pathlib import Path

BRINGUP = (sys.executable, "-m", "tui")

Done = CompletedProcess[str]


def bringup(folder: Path, *arguments: str, **variables: str) -> Done:
    """Runs a command to its end, in a folder and with variables of the environment."""
    with contextlib.chdir(folder):
        result = CliRunner().invoke(main, arguments, env=variables, prog_name="bringup")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def program(folder: Path, *arguments: str, **variables: str) -> Done:
    """Runs a command to its end as a program of its own."""
    return subprocess.run(
        [*BRINGUP, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        timeout=50,
        check=False,
        env={**os.environ, **variables},
    )
