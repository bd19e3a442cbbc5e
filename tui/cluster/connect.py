"""Connecting to the plan's cluster, wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import open_api
from tui.cluster.kubeconfig_file import choose_context
from tui.cluster.provider import provider_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.clients.kubernetes.api import Api
    from tui.cluster.place import Place


@contextlib.asynccontextmanager
async def connect(ctx: Place) -> AsyncIterator[Api]:
    """Connect to the plan's cluster; the connection is closed when the block ends.

    Raises:
        ActionError: The plan has no cluster, or there is no usable kubeconfig for it.
    """
    cluster, host = ctx.cluster, ctx.cluster_host
    provider = await provider_of(cluster)
    for port, local in (await provider.reach(cluster, host)).items():
        ctx.log(f"127.0.0.1:{local} leads to port {port} of {host.name}")
    context = await asyncio.to_thread(choose_context, cluster.kubeconfig, provider.context_of(cluster))

    def warn(text: str) -> None:
        ctx.log(f"warning: {text}")

    # One that was made here has answered then, and may but restart.
    answered = not cluster.stands
    async with open_api(cluster.kubeconfig, context, answered=answered, on_warning=warn) as api:
        yield api
