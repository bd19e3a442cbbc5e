"""Environments of other projects as plans, in small: what the language of plans must be enough for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tui.cli import main
from tui.plan.load import load_plan
from tui.plan.steps import Command

PLANS = sorted((Path(__file__).parent.parent / "e2e" / "plans").glob("*/bringup.yaml"))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.parent.name)
def test_nothing_is_questionable_and_commands_are_the_projects_own(plan: Path) -> None:
    for command in ("lint", "show"):
        result = CliRunner().invoke(main, ["plan", command, str(plan)])
        assert result.exit_code == 0, result.output
    steps = [step for task in load_plan(plan).plan.tasks for step in task.steps]
    commands = [step.argv for step in steps if isinstance(step, Command)]
    assert commands == [("make", "test-e2e")]
