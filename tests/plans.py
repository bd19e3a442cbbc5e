"""Plans and environments made up for tests, without files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from tui.hosts.host_set import Hosts
from tui.plan.model import Plan
from tui.reporter import Done
from tui.run.events import Machine, RunStarted
from tui.run.outline import outline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.actions.context import Context
    from tui.hosts.host import Host
    from tui.plan.steps import Step

FOUR_PHASES: list[dict[str, list[str]]] = [
    {"cluster": []},
    {"tekton": ["cluster"], "database": ["cluster"], "image": []},
    {"deploy": ["database", "image"]},
    {"access": ["cluster"]},
]
SECONDS = {"cluster": 10.0, "tekton": 60.0, "database": 30.0, "image": 20.0, "deploy": 15.0, "access": 5.0}
NOTHING = {"kind": "command", "shell": "true"}


def make_plan(phases: Sequence[Mapping[str, Sequence[str]]], **more: Any) -> Plan:
    """A plan of tasks with one step each.

    Args:
        phases: For each phase, the tasks' ids with their needs.
        more: Further keys of the plan; `tasks` has further keys of tasks, by id.
    """
    extra: Mapping[str, Any] = more.pop("tasks", {})
    return Plan.model_validate(
        {
            "apiVersion": "bringup/v1",
            "name": "test",
            "phases": [
                {
                    "id": f"phase-{i}",
                    "tasks": [
                        {"id": id_, "needs": list(needs), "steps": [NOTHING], **extra.get(id_, {})}
                        for id_, needs in phase.items()
                    ],
                }
                for i, phase in enumerate(phases)
            ],
            **more,
        }
    )


def started(plan: Plan, mode: str = "parallel") -> RunStarted:
    """The first event of a run of a plan."""
    return RunStarted(
        0.0,
        run="20260102-030405-test",
        plan=plan.name,
        title=plan.title,
        path="plan.yaml",
        digest="0",
        phases=outline(plan),
        mode=mode,
        environment="test",
        limit=plan.limit,
        started="2026-01-02T03:04:05+00:00",
        machine=Machine("Linux", 2, 4.0),
        bringup="0",
    )


class NoHost:
    """A host on which nothing is ever run."""

    location = ""
    loss = None

    def kill(self) -> None:
        """Kills nothing."""

    async def close(self) -> None:
        """Closes nothing."""


class Scripted:
    """An environment whose steps do what a test says, in the loop's own time."""

    name = "test"
    note = ""
    restoration: Any = None
    hosts: Any = Hosts.here(cast("Host", NoHost()))

    def __init__(self, script: Callable[[Step, Context], Any] | None = None) -> None:
        self._script = script

    async def perform(self, step: Step, context: Context) -> Done:
        result = self._script(step, context) if self._script else None
        if asyncio.iscoroutine(result):
            result = await result
        return result if isinstance(result, Done) else Done()

    async def await_nodes(self, context: Context) -> None:
        """Finds them there."""
