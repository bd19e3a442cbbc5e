"""The snapshots that the engine of a plan's cluster keeps."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tui.cluster.snapshots.snapshot import list_snapshots, remove, remove_remains
from tui.launch.choose_environment import look_at
from tui.launch.choose_snapshot import named
from tui.launch.specification import resolve_plan
from tui.plan.placement import placement
from tui.run.store import Store

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.hosts.host_set import Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.plan.model import Plan

    _Work = Callable[[EngineApi], Awaitable[T]]

_OLDEST, _MOST = 30 * 86_400.0, 20.0
"""Seconds and gigabytes beyond which snapshots are pruned, where nobody says otherwise."""


class SnapshotStore:
    """The snapshots of an engine: of the host that clusters of a plan run on."""

    def __init__(self, request: Request, prompter: Prompter | None) -> None:
        """Read the plan.

        Raises:
            BringupError: It is not usable.
        """
        self._specification = resolve_plan(request, Store())
        self._prompter = prompter

    def kept(self) -> list[Snapshot]:
        """Return them, the newest first.

        Raises:
            BringupError: The host cannot be reached, or its engine does not tell.
        """
        return self._done(list_snapshots)

    def remove(self, ids: Sequence[str]) -> list[Snapshot]:
        """Remove some.

        Returns:
            Those.

        Raises:
            UsageError: There is no such snapshot; none is removed then.
            BringupError: The host cannot be reached, or its engine does not remove one.
        """

        async def work(api: EngineApi) -> list[Snapshot]:
            kept = await list_snapshots(api)
            wanted = {each.id: each for each in (named(id_, kept) for id_ in ids)}
            return await _removed(api, [*wanted.values()])

        return self._done(work)

    def prune(
        self, older_than: float | None, over: float | None, *, dry_run: bool
    ) -> tuple[list[Snapshot], int]:
        """Remove those that are older, or beyond a size of all, and what is left of others.

        Without limits, the usual ones hold.

        Args:
            older_than: Seconds; None for no such limit.
            over: Gigabytes that all may take together, each as if its cluster were gone; or None.
            dry_run: Remove nothing.

        Returns:
            Those that are removed, or would be, and of how many others something was left and is removed.

        Raises:
            BringupError: The host cannot be reached, or its engine does not remove one.
        """
        limits = (_OLDEST, _MOST) if older_than is over is None else (older_than, over)

        async def work(api: EngineApi) -> tuple[list[Snapshot], int]:
            found = beyond(await list_snapshots(api), *limits)
            if dry_run:
                return found, 0
            return await _removed(api, found), await remove_remains(api)

        return self._done(work)

    def _done(self, work: _Work[T]) -> T:
        return asyncio.run(look_at(partial(_at_engine, work), self._specification, self._prompter))


def beyond(
    kept: Sequence[Snapshot], older_than: float | None = _OLDEST, over: float | None = _MOST
) -> list[Snapshot]:
    """Return the snapshots beyond limits, of some that are sorted with the newest first."""
    found, size, now = [], 0, time.time()
    for each in kept:
        size += each.whole
        too_old = older_than is not None and now - each.taken > older_than
        if too_old or (over is not None and size > over * 1e9):
            found.append(each)
    return found


async def _removed(api: EngineApi, found: list[Snapshot]) -> list[Snapshot]:
    for each in found:
        await remove(api, each)
    return found


async def _at_engine(work: _Work[T], plan: Plan, hosts: Hosts) -> T:
    from tui.clients.engine_api import connect

    places = placement(plan)
    host = hosts.of(next(iter(places.clusters.values()), places.main))
    await host.connect()
    async with connect(await host.engine()) as api:
        return await work(api)
