"""The kubeconfig that programs are given."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING

from tui.cluster.kubeconfig_file import choose_context, leads_to
from tui.cluster.provider import provider_of
from tui.errors import ActionError, BringupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import PurePath

    from tui.cluster.place import Place
    from tui.hosts.host import Host

NO_OTHER_CLUSTER = dict.fromkeys(("HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "HELM_KUBETOKEN"), "")
"""Helm lets these win over the kubeconfig."""

_ABSENT = (BringupError, OSError)
"""What is raised where there is no cluster yet: the program may be what creates it, or installs kind."""


@contextlib.asynccontextmanager
async def kubeconfig_for(host: Host, ctx: Place) -> AsyncIterator[str]:
    """Give programs on a host a kubeconfig that leads to the plan's cluster, or to none.

    The user's own kubeconfig never applies, nor another context of a shared file: it may be production.

    Args:
        host: Where the programs run.
        ctx: The work that they belong to.

    Yields:
        The value for their `KUBECONFIG`.
    """
    provider = await provider_of(ctx.cluster)
    if host.shares_files:
        with contextlib.suppress(*_ABSENT):
            await provider.reach(ctx.cluster, ctx.cluster_host)
        path, context = ctx.cluster.kubeconfig, provider.context_of(ctx.cluster)
        with contextlib.suppress(ActionError):
            context = await asyncio.to_thread(choose_context, path, context)
        if await asyncio.to_thread(leads_to, path, context):
            yield str(path)
            return
        # Of several files the first that names a current context wins.
        async with _scratch_file(host, json.dumps({"current-context": context})) as first:
            yield f"{first}{os.pathsep}{path}"
        return
    text = ""
    if host is ctx.cluster_host:
        with contextlib.suppress(*_ABSENT):
            text = await provider.kubeconfig_of(ctx.cluster, host)
    async with _scratch_file(host, text) as file:
        yield str(file)


@contextlib.asynccontextmanager
async def _scratch_file(host: Host, text: str) -> AsyncIterator[PurePath]:
    """Write a file on a host for as long as the block runs, for its user alone."""

    async def content() -> AsyncIterator[bytes]:
        yield text.encode()

    async with host.scratch() as directory:
        await host.write(directory / "kubeconfig", content())
        yield directory / "kubeconfig"
