"""What a plan is brought up in: the environment carries out its steps."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.actions.context import Context
    from tui.hosts.host_set import Hosts
    from tui.plan.steps import Step
    from tui.reporter import Done

    Action = Callable[[Step, Context], Awaitable[Done]]

ACTIONS = {
    "kind.create": "tui.cluster.kind.create:create",
    "kind.load": "tui.cluster.kind.load:load",
    "kind.delete": "tui.cluster.kind.delete:delete",
    "image.build": "tui.actions.image:build",
    "image.pull": "tui.actions.image:pull",
    "kubernetes.apply": "tui.actions.kubernetes.apply:apply",
    "kubernetes.wait": "tui.actions.kubernetes.wait:wait",
    "kubernetes.probe": "tui.actions.kubernetes.probe:probe",
    "kubernetes.namespace": "tui.actions.kubernetes.access:namespace",
    "kubernetes.pull_secret": "tui.actions.kubernetes.access:pull_secret",
    "postgres.migrate": "tui.actions.postgres.migrate:migrate",
    "postgres.verify": "tui.actions.postgres.migrate:verify",
    "http.check": "tui.actions.http:check",
    "command": "tui.actions.command:run",
}
"""Each step kind's action, imported when it is first wanted."""


class Environment(Protocol):
    """What steps are carried out in.

    Attributes:
        name: `kind` or `rehearsal`.
        note: What every surface must say of a run in it; empty where there is nothing to say.
        hosts: Where commands run.
    """

    name: str
    note: str
    hosts: Hosts

    async def perform(self, step: Step, context: Context) -> Done:
        """Carries out a step.

        Raises:
            BringupError: It failed.
        """


class KindEnvironment:
    """The real one: a Kind cluster, and what goes into it."""

    name = "kind"
    note = ""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts

    async def perform(self, step: Step, context: Context) -> Done:
        """Carries out a step for real; see `Environment`."""
        action = await _action(step.kind)
        return await action(step, context)


async def _action(kind: str) -> Action:
    import asyncio

    module, _, name = ACTIONS[kind].partition(":")
    # Client libraries take up to half a second to import: the loop must not stand still for it.
    action: Action = getattr(await asyncio.to_thread(importlib.import_module, module), name)
    return action
