"""Connecting to the plan's cluster, wherever it runs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import open_api
from tui.cluster.kind.reach import reach, telling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api


@contextlib.asynccontextmanager
async def connect(ctx: Context) -> AsyncIterator[Api]:
    """Connects to the plan's cluster; nothing of it is left when the block ends.

    Raises:
        ActionError: The plan has no cluster, or there is no usable kubeconfig for it.
    """
    if not ctx.cluster_host.shares_loopback:
        await reach(ctx.cluster_host, ctx.cluster, telling(ctx))
    async with open_api(ctx.cluster.kubeconfig) as api:
        yield api
