"""A run of a plan of four phases, for tests of what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.plans import SECONDS, Scripted, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.reporter import Done
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.actions.context import Context
    from tui.plan.model import Plan
    from tui.plan.steps import Step
    from tui.run.commands import Command
    from tui.run.state import RunState


class Bringing:
    """A run of a plan whose tasks take given times, and fail as told."""

    def __init__(
        self,
        plan: Plan,
        seconds: Mapping[str, float] = SECONDS,
        fails: Mapping[str, list[int]] | None = None,
        mode: str = "parallel",
        prefetch: bool | None = None,
        **options: Any,
    ) -> None:
        self.events: list[e.Event] = []
        self._seconds = seconds
        self._fails = fails or {}
        began = replace(started(plan, mode), prefetch=prefetch)
        environment = Scripted(self._perform)
        self.engine = Engine(plan, environment, began, listener=self.events.append, **options)

    async def _perform(self, _: Step, context: Context) -> Done:
        await asyncio.sleep(self._seconds.get(context.task, 0.0))
        if context.attempt in self._fails.get(context.task, []):
            raise ActionError("the server said 503 Service Unavailable", "look at the server")
        return Done("made it")

    def run(self, *commands: tuple[float, *tuple[Command, ...]]) -> RunState:
        """Runs to the end, giving commands at given times."""

        async def main() -> RunState:
            running = asyncio.create_task(self.engine.run())
            for at, *together in commands:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                for command in together:
                    self.engine.do(command)
            return await running

        return run_virtual(main())

    def started_at(self) -> dict[str, float]:
        return {ev.task: ev.at for ev in self.events if isinstance(ev, e.AttemptStarted) and ev.attempt == 1}

    def ends(self) -> dict[str, str]:
        return {task.id: task.status for task in self.engine.state.tasks.values()}
