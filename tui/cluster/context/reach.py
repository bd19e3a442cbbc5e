"""The way to a cluster that stands: a private kubeconfig of its context alone, and over SSH a forward."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from tui.cluster.permission import check_permission
from tui.cluster.users_kubeconfig import UserContext, read_context, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.clients.kubernetes.exec_login import Credential
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


class _Way(NamedTuple):
    """What was written into a kubeconfig.

    Attributes:
        credential: The login in it that may end, if there is one.
        port: The forwarded port that it leads to, if there is one.
    """

    credential: Credential | None = None
    port: int | None = None

    def leads_there(self, host: Host) -> bool:
        """Return whether it can still be used."""
        alive = self.port is None or self.port in host.forwards
        return alive and (self.credential is None or self.credential.holds)


_ways: dict[Path, _Way] = {}
"""What this process has written."""


def context_of(cluster: Cluster) -> str:
    """See `tui.cluster.provider.Provider`."""
    return cluster.context


async def reach(cluster: Cluster, host: Host, *, anew: bool = False) -> Mapping[int, int]:
    """See `tui.cluster.provider.Provider`.

    Raises:
        ActionError: There is no such context, or it is not allowed.
    """
    path = cluster.kubeconfig
    way = _ways.get(path)
    if not anew and way is not None and way.leads_there(host) and await asyncio.to_thread(path.exists):
        return {}
    await host.connect()
    try:
        found = await _permitted(cluster, host)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)  # it may be of when it was allowed
        raise
    forwards: dict[int, int] = {}
    way = _Way()
    if not host.shares_loopback:
        found, credential, forwards = await found.led_here(host)
        way = _Way(credential, next(iter(forwards.values())))
    await write_private(path, found.text())
    _ways[path] = way
    return forwards


async def kubeconfig_of(cluster: Cluster, host: Host) -> str:
    """See `tui.cluster.provider.Provider`."""
    return (await _permitted(cluster, host)).text()


async def _permitted(cluster: Cluster, host: Host) -> UserContext:
    found = await read_context(cluster.context, host)
    await asyncio.to_thread(check_permission, cluster.context, found.server, host)
    return found
