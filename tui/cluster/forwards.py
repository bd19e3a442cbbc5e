"""The forwards of a plan: ports of this machine that lead to Services of its cluster while they are held."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING

from tui.cluster.provider import provider_of
from tui.errors import ActionError, BringupError
from tui.hosts.listen import listen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.clients.kubernetes.api import Api
    from tui.hosts.host import Host
    from tui.plan.model import Cluster, Forward


class Forwards(contextlib.AbstractAsyncContextManager["Forwards"]):
    """Forwards that are held while its block runs.

    Each connection looks for a ready pod anew, by a kubeconfig that is read anew where the cluster does not
    answer: pods may be replaced, and the cluster be made again, meanwhile. While there is none, connections
    are closed at once.

    Attributes:
        ports: The port of each forward that is held; another one than wanted where that was taken.
    """

    def __init__(self, forwards: Sequence[Forward], cluster: Cluster | None, host: Host) -> None:
        """Prepare them.

        Args:
            forwards: What leads where.
            cluster: The cluster; None where nothing leads to one.
            host: The host that it runs on.
        """
        self.ports: dict[Forward, int] = {}
        self._forwards = forwards
        self._cluster = cluster
        self._host = host
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()
        self._api: Api | None = None

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
        known, api = self._api, await self._connect(None)
        try:
            target = await ports.find_target(api, *where)
        except ActionError:
            if known is None:
                raise
            api = await self._connect(known)  # that was of a cluster that is gone, or its connection was lost
            target = await ports.find_target(api, *where)
        await ports.bridge(api, target, reader, writer)

    async def _connect(self, broken: Api | None) -> Api:
        """Return a connection to the cluster, another one than one that is broken."""
        from tui.clients.kubernetes.api import open_api
        from tui.cluster.kubeconfig_file import choose_context

        async with self._opening:
            if self._api is None or self._api is broken:
                assert self._cluster is not None
                provider = await provider_of(self._cluster)
                await provider.reach(self._cluster, self._host)
                own, path = provider.context_of(self._cluster), self._cluster.kubeconfig
                context = await asyncio.to_thread(choose_context, path, own)
                self._api = await self._stack.enter_async_context(open_api(path, context))
            return self._api
