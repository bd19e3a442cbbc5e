"""Plans with `when` and `each`, as their user brings them up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.commands import bringup

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """
apiVersion: bringup/v1
name: chosen
variables: {flag: false, names: [a, b]}
phases:
  - id: one
    tasks:
      - {id: base, steps: [{kind: command, shell: touch base}]}
      - id: make-${each}
        each: ${names}
        needs: base
        steps:
          - {kind: command, shell: "touch ${each}"}
          - {kind: command, when: "${flag}", shell: "touch ${each}-more"}
      - {id: extra, title: Extra, when: "${flag}", needs: base, steps: [{kind: command, shell: touch extra}]}
      - {id: last, needs: [make-*, extra], steps: [{kind: command, shell: test -e a -a -e b -a -e base}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bringup.yaml").write_text(PLAN)
    return tmp_path


def _made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} & {
        "base",
        "a",
        "b",
        "c",
        "a-more",
        "b-more",
        "c-more",
        "extra",
    }


def test_what_is_not_wanted_is_told_and_not_done(folder: Path) -> None:
    shown = bringup(folder, "plan", "show").stdout
    assert "Extra (not wanted)  extra · needs base" in shown
    assert "command touch a-more · not wanted" in shown
    done = bringup(folder, "up")
    assert done.returncode == 0
    assert "✓ chosen is up" in done.stdout
    assert len(re.findall(r"✓ . took \S+ · unchanged: not wanted\n", done.stdout)) == 3
    assert "Extra (not wanted)" in done.stdout
    assert _made(folder) == {"base", "a", "b"}


def test_a_run_is_resumed_with_what_is_wanted_now(folder: Path) -> None:
    assert bringup(folder, "up", "--only", "base,make-a,make-b,extra").returncode == 0
    (folder / "bringup.yaml").write_text(
        PLAN.replace("flag: false", "flag: true").replace("[a, b]", "[a, b, c]")
    )
    (folder / "base").unlink()
    done = bringup(folder, "up", "--resume")
    assert done.returncode == 1, "the last one finds no base, which was made before"
    assert _made(folder) == {"a", "b", "c", "a-more", "b-more", "c-more", "extra"}
