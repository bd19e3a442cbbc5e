"""Plans for commands, as a user has them in a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


PLAN = """
apiVersion: bringup/v1
name: commands
title: Commands
variables: {word: hello, token: s3cr3t-t0ken}
secrets: [token]
endpoints: [{name: nowhere, url: "http://127.0.0.1:1"}]
phases:
  - id: one
    tasks:
      - {id: first, steps: [{kind: command, shell: "echo ${word} from first; echo ${token}"}]}
      - {id: second, steps: [{kind: command, argv: [sh, -c, "echo to stderr >&2"]}]}
  - id: two
    tasks:
      - id: third
        needs: [first]
        steps:
          - {kind: command, unless: "test -e done", shell: "echo working && touch done"}
      - {id: fourth, needs: [second], steps: [{kind: command, shell: "test -e allowed"}]}
  - id: three
    tasks:
      - {id: fifth, needs: [fourth], steps: [{kind: command, shell: "echo at the end"}]}
down:
  - {kind: command, shell: "rm -f done allowed"}
"""


SLOW = """
apiVersion: bringup/v1
name: slow
phases:
  - id: one
    tasks:
      - id: sleeper
        needs: quick
        steps:
          - kind: command
            shell: "echo $$ > pid; (trap '' TERM INT; sleep 60 & echo $! > child; wait); sleep 60"
      - {id: quick, steps: [{kind: command, shell: "true"}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user is: two plans are there."""
    (tmp_path / "bringup.yaml").write_text(PLAN)
    (tmp_path / "slow.yaml").write_text(SLOW)
    return tmp_path
