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
from tui.hosts.host_set import ClusterAt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from pathlib import Path, PurePath

    from tui.cluster.place import Place
    from tui.hosts.host import Host

NO_OTHER_CLUSTER = dict.fromkeys(("HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "HELM_KUBETOKEN"), "")
"""Helm lets these win over the kubeconfig."""

_ABSENT = (BringupError, OSError)
"""What is raised where there is no cluster yet: the program may be what creates it, or installs kind."""


@contextlib.asynccontextmanager
async def kubeconfig_for(host: Host, ctx: Place) -> AsyncIterator[str]:
    """Give programs on a host a kubeconfig that leads to a cluster, or to none.

    Those of the plan's other clusters follow, so that `--context` chooses one. The user's own kubeconfig
    never applies, nor another context of a shared file: it may be production.

    Args:
        host: Where the programs run.
        ctx: The work that they belong to.

    Yields:
        The value for their `KUBECONFIG`.
    """
    own = ClusterAt(ctx.cluster, ctx.cluster_host)
    context = (await provider_of(own.cluster)).context_of(own.cluster)
    if host.shares_files:
        for cluster, place in (own, *ctx.other_clusters):
            with contextlib.suppress(*_ABSENT):
                await (await provider_of(cluster)).reach(cluster, place)
        path, others = own.cluster.kubeconfig, [each.cluster.kubeconfig for each in ctx.other_clusters]
        with contextlib.suppress(ActionError):
            context = await asyncio.to_thread(choose_context, path, context)
        files, before = await asyncio.to_thread(leading, [path, *others], context)
        if not before:
            yield files
            return
        async with _scratch_files(host, [before]) as first:
            yield f"{first}{os.pathsep}{files}"
        return
    mine, *theirs = [await _text_of(at, host) for at in (own, *ctx.other_clusters)]
    texts = [mine or (_to(context) if any(theirs) else ""), *filter(None, theirs)]
    async with _scratch_files(host, texts) as files:
        yield files


def leading(files: Sequence[Path], context: str) -> tuple[str, str]:
    """Return how programs are led to a cluster by its kubeconfig, and by name to others by theirs; blocks.

    Args:
        files: Its kubeconfig, and those of the others.
        context: Its context.

    Returns:
        The files as a value of `KUBECONFIG`, and what a file before them must hold; empty if none is needed.

    Raises:
        ActionError: Its kubeconfig cannot be read.
    """
    return joined(files), "" if leads_to(files[0], context, files[1:]) else _to(context)


def joined(paths: Iterable[PurePath]) -> str:
    """Return files as a value of `KUBECONFIG`."""
    return os.pathsep.join(dict.fromkeys(map(str, paths)))


def _to(context: str) -> str:
    """Return a kubeconfig that only names a context: of several files the first that names one wins."""
    return json.dumps({"current-context": context})


async def _text_of(at: ClusterAt, host: Host) -> str:
    """Return a kubeconfig that leads to a cluster from a host; empty where it is not on that."""
    if host is not at.host:
        return ""
    with contextlib.suppress(*_ABSENT):
        return await (await provider_of(at.cluster)).kubeconfig_of(at.cluster, host)
    return ""


@contextlib.asynccontextmanager
async def _scratch_files(host: Host, texts: Sequence[str]) -> AsyncIterator[str]:
    """Write files on a host for as long as the block runs, for its user alone; yield a `KUBECONFIG`."""

    async def content(text: str) -> AsyncIterator[bytes]:
        yield text.encode()

    async with host.scratch() as directory:
        files = [directory / f"kubeconfig{number or ''}" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            await host.write(file, content(text))
        yield joined(files)
