"""Connecting to the plan's cluster, wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import open_api
from tui.cluster.kubeconfig_file import choose_context
from tui.cluster.provider import provider_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tui.clients.kubernetes.api import Api
    from tui.cluster.place import Place
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


async def reach(cluster: Cluster, host: Host, tell: Callable[[str], object] = lambda _: None) -> str:
    """Make sure that a cluster can be reached from here, and return its context in its kubeconfig.

    Args:
        cluster: The cluster.
        host: Its host.
        tell: Told which ports here lead to it, where it is elsewhere.

    Raises:
        ActionError: There is no usable kubeconfig for it.
    """
    provider = await provider_of(cluster)
    for port, local in (await provider.reach(cluster, host)).items():
        tell(f"127.0.0.1:{local} leads to port {port} of {host.name}")
    return await asyncio.to_thread(choose_context, cluster.kubeconfig, provider.context_of(cluster))


@contextlib.asynccontextmanager
async def connect(ctx: Place) -> AsyncIterator[Api]:
    """Connect to the plan's cluster; the connection is closed when the block ends.

    Raises:
        ActionError: The plan has no cluster, or there is no usable kubeconfig for it.
    """
    cluster = ctx.cluster
    context = await reach(cluster, ctx.cluster_host, ctx.log)

    def warn(text: str) -> None:
        ctx.log(f"warning: {text}")

    # One that was made here has answered then, and may but restart.
    answered = not cluster.stands
    async with open_api(cluster.kubeconfig, context, answered=answered, on_warning=warn) as api:
        yield api
