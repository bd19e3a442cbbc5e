"""A kept run, stopped at one moment: what the dashboard showed then, for pictures and tests of it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.plans import started
from tests.virtual import run_virtual
from tui.dashboard.kept_run import KeptRun
from tui.engine.engine import Engine
from tui.insight.expectation import EMPTY, Expectation
from tui.plan.bundled import find_plan
from tui.plan.load import load_plan
from tui.rehearsal.recording import bundled_recording, read_recording
from tui.rehearsal.rehearse import RehearsalEnvironment
from tui.run.commands import Kill
from tui.run.journal import Journal, read_state
from tui.run.standing import Stands

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.run.commands import Command


class Still(KeptRun):
    """A run at one moment, that looks as it did then: as one that takes commands."""

    def __init__(self, folder: Path, at: float = math.inf, expectation: Expectation = EMPTY) -> None:
        """Read it; what is said of where it is kept is the same wherever that is."""
        super().__init__(folder, at, expectation)
        self.read_only = ""
        self.is_elsewhere = False
        self.read()
        self.stands = Stands(journal="~/.local/state/bringup/runs/20260102-030405-test")


def rehearsed(
    folder: Path,
    until: float,
    *commands: tuple[float, Command],
    mode: str = "parallel",
    fail: Mapping[str, int] | None = None,
) -> tuple[Path, Expectation]:
    """Rehearses the bundled recording on a virtual clock, and keeps its journal.

    Args:
        folder: Where the run's folder is made.
        until: Seconds of the run.
        commands: Commands for the engine, with the times at which they are given, in order.
        mode: The mode that it starts in.
        fail: Tasks that fail, in how many attempts.

    Returns:
        The run's folder, and what its recording lets one expect.
    """
    plan = load_plan(find_plan("workflowexecution"), (), ()).plan
    recorded = bundled_recording(plan.name)
    assert recorded is not None
    environment = RehearsalEnvironment(read_recording(recorded), fail=fail)
    first = replace(started(plan, mode), environment=environment.name, note=environment.note)
    journal = Journal(folder / "run")
    engine = Engine(plan, environment, first, cache=folder, journal=journal, stay=True)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        running = asyncio.create_task(engine.run())
        for at, command in commands:
            await asyncio.sleep(at - loop.time())
            engine.do(command)
        await asyncio.sleep(until - loop.time())
        journal.close()  # what comes of ending it is no part of the run
        engine.do(Kill())
        await running

    run_virtual(main())
    return journal.directory, Expectation.of([read_state(recorded)]).named("a recording")
