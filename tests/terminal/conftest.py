"""bringup as its user starts it, in a real terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.tmux import Tmux, tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BRINGUP = f"{sys.executable} -m tui"

PLAN = """
apiVersion: bringup/v1
name: small
title: A small plan
phases:
  - id: one
    title: First things
    tasks:
      - id: counter
        title: Count
        steps:
          - {kind: command, shell: "for i in 1 2 3 4 5 6 7 8; do echo counted $i; sleep 0.25; done"}
      - id: breaks
        title: Break
        steps:
          - {kind: command, shell: "test -e allowed || { echo E: it is not there; false; }"}
  - id: two
    title: Second things
    tasks:
      - {id: after, title: Go on, needs: [breaks], steps: [{kind: command, shell: "echo went on"}]}
"""

SLOW = """
apiVersion: bringup/v1
name: slow
phases:
  - id: one
    tasks:
      - id: sleeper
        title: Sleep
        steps: [{kind: command, shell: "echo $$ > pid; echo sleeping; sleep 60 & echo $! > child; wait"}]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    """A terminal in a folder with two plans."""
    (tmp_path / "bringup.yaml").write_text(PLAN)
    (tmp_path / "slow.yaml").write_text(SLOW)
    with tmux(tmp_path, {"PYTHONPATH": ":".join(p for p in sys.path if p)}) as made:
        yield made
