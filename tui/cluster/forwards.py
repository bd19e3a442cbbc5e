"""The forwards of a plan: ports of this machine that lead to Services of clusters while they are held."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING

from tui.errors import ActionError, BringupError
from tui.hosts.listen import listen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Api
    from tui.hosts.host_set import ClusterAt
    from tui.plan.model import Forward


class Forwards(contextlib.AbstractAsyncContextManager["Forwards"]):
    """Forwards that are held while its block runs.

    Each connection looks for a ready pod anew, by a kubeconfig that is read anew where the cluster does not
    answer: pods may be replaced, and the cluster be made again, meanwhile. While there is none, connections
    are closed at once.

    Attributes:
        ports: The port of each forward that is held; another one than wanted where that was taken.
    """

    def __init__(self, forwards: Sequence[Forward], clusters: Mapping[str, ClusterAt]) -> None:
        """Prepare them.

        Args:
            forwards: What leads where.
            clusters: The plan's clusters by their names in it; none where nothing leads to one.
        """
        self.ports: dict[Forward, int] = {}
        self._forwards = forwards
        self._clusters = clusters
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()
        self._apis: dict[str, Api] = {}

    async def __aenter__(self) -> Forwards:
        """Open the ports."""
        for each in self._forwards:
            self.ports[each] = await self._open(each)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the ports and all connections."""
        self.ports.clear()
        await self._stack.aclose()

    @property
    def moved(self) -> dict[int, int]:
        """The ports that are held in place of those that were wanted and are not free, by these."""
        return {each.wanted: port for each, port in self.ports.items() if port != each.wanted}

    async def _open(self, forward: Forward) -> int:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(BringupError):  # whoever connected sees the connection end
                await self._carry(forward, reader, writer)

        for port in (forward.wanted, 0):
            with contextlib.suppress(OSError):
                _, number = await self._stack.enter_async_context(listen(carry, port))
                return number
        raise ActionError(f"no port of this machine is free for the forward to {forward.title}")

    async def _carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        module = "tui.clients.kubernetes.port_forward"
        ports = await asyncio.to_thread(importlib.import_module, module)  # it takes a while at first
        where = forward.namespace, forward.service, forward.port
        name = forward.cluster or ""
        known, api = self._apis.get(name), await self._connect(name, None)
        try:
            target = await ports.find_target(api, *where)
        except ActionError:
            if known is None:
                raise
            api = await self._connect(name, known)  # its cluster is gone, or its connection was lost
            target = await ports.find_target(api, *where)
        await ports.bridge(api, target, reader, writer)

    async def _connect(self, name: str, broken: Api | None) -> Api:
        """Return a connection to a cluster, another one than one that is broken."""
        from tui.clients.kubernetes.api import open_api
        from tui.cluster.connect import reach

        async with self._opening:
            if self._apis.get(name) is broken:
                cluster, host = self._clusters[name]
                opening = open_api(cluster.kubeconfig, await reach(cluster, host))
                self._apis[name] = await self._stack.enter_async_context(opening)
            return self._apis[name]
