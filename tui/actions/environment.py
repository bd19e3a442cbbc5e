"""Environments: what carries out the steps of a plan."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from tui.cluster.provider import provider_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from tui.actions.context import Context
    from tui.cluster.provider import Restoration
    from tui.hosts.host_set import Hosts
    from tui.plan.steps import Step
    from tui.reporter import Done

    Action = Callable[[Step, Context], Awaitable[Done]]


class Environment(Protocol):
    """Carries out the steps of a plan.

    Attributes:
        name: `kind` or `rehearsal`.
        note: What every view says of a run in it; empty if nothing.
        hosts: The hosts that commands run on.
        restoration: What the plan's cluster is restored from, if it is not there; None if it is made anew.
    """

    name: str
    note: str
    hosts: Hosts
    restoration: Restoration | None

    async def perform(self, step: Step, context: Context) -> Done:
        """Carry out a step.

        Raises:
            BringupError: It failed.
        """

    async def await_nodes(self, context: Context) -> None:
        """Wait until the nodes of the cluster that is being created can take images.

        Raises:
            BringupError: They cannot be asked.
        """


class KindEnvironment:
    """Carries out steps for real.

    Attributes:
        restoration: What the plan's cluster is restored from, if it is not there; None if it is made anew.
    """

    name = "kind"
    note = ""

    def __init__(self, hosts: Hosts, warnings: Sequence[str] = ()) -> None:
        """Prepare it.

        Args:
            hosts: The hosts that commands run on.
            warnings: What was found before the run; reported with the first step.
        """
        self.hosts = hosts
        self.restoration: Restoration | None = None
        self._warnings = list(warnings)

    async def perform(self, step: Step, context: Context) -> Done:
        """Carry out a step for real; see `Environment`."""
        while self._warnings:
            context.warn(self._warnings.pop(0))
        action = await _action(step)
        return await action(step, context)

    async def await_nodes(self, context: Context) -> None:
        """Wait until images can be loaded; see `Environment`."""
        provider = await provider_of(context.cluster)
        await provider.await_nodes(context.cluster, context.cluster_host)


def preload(steps: Iterable[Step]) -> None:
    """Import the actions of steps, so that no step waits for that later; blocks."""
    for action in dict.fromkeys(step.action for step in steps):
        _load(action)


async def _action(step: Step) -> Action:
    import asyncio

    # Client libraries take up to half a second to import: the loop must not stand still for it.
    return await asyncio.to_thread(_load, step.action)


def _load(action: str) -> Action:
    module, _, name = action.partition(":")
    loaded: Action = getattr(importlib.import_module(module), name)
    return loaded
