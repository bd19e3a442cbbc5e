"""A kept run, stopped at one moment: what the dashboard showed then, for pictures and tests of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.plans import started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.insight.expectation import EMPTY, Expectation
from tui.plan.bundled import find_plan
from tui.plan.load import load_plan
from tui.rehearsal.recording import bundled_recording, read_recording
from tui.rehearsal.rehearse import RehearsalEnvironment
from tui.run.commands import Kill
from tui.run.events import RunStarted
from tui.run.feed import Feed
from tui.run.journal import Journal, read_all, read_state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.run.commands import Command
    from tui.run.events import PhaseOutline


class Still:
    """A run at one moment; see `tui.dashboard.control.Control`.

    Attributes:
        told: The commands that were given, which change nothing.
    """

    over = False

    def __init__(self, folder: Path, at: float, expectation: Expectation = EMPTY) -> None:
        """Reads a run's journal up to a moment.

        Args:
            folder: The run's folder.
            at: Seconds since the run began.
            expectation: How long things took before.
        """
        self.expectation = expectation
        self.told: list[Command] = []
        self._clock = 0.0
        feed = Feed(clock=lambda: self._clock)
        self._phases: tuple[PhaseOutline, ...] = ()
        for event in read_all(folder):
            if isinstance(event, RunStarted):
                self._name, self._phases = event.plan, event.phases
            if event.at <= at and event.type != "run-finished":
                feed.put(event)
        self._clock = at
        self.feed = feed
        self.directory = folder

    def begin(self) -> None:
        """It has begun."""

    def preview(self) -> tuple[str, tuple[PhaseOutline, ...]]:
        """The plan's name and phases."""
        return self._name, self._phases

    def tell(self, command: Command) -> None:
        """Notes a command."""
        self.told.append(command)

    def interrupted(self) -> None:
        """Nothing is running."""


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
    return journal.folder, Expectation.of([read_state(recorded)]).named("a recording")
