"""`kind.delete`: the plan's cluster and its kubeconfig, taken away."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from tui.cluster.kind.nodes import find_nodes
from tui.cluster.kind.output import Output
from tui.reporter import Done

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.hosts.container_engine import ContainerEngine
    from tui.plan.steps import KindDelete

_deleting: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()


async def delete(step: KindDelete, ctx: Context) -> Done:
    """Deletes the plan's Kind cluster and its kubeconfig.

    Deletions that share a kubeconfig run one at a time: kind's own lock on it fails rather than waits.

    Raises:
        ActionError: The cluster could not be deleted.
    """
    cluster = ctx.cluster
    host = ctx.cluster_host
    engine = await host.engine()
    lock = _deleting.setdefault(cluster.kubeconfig, asyncio.Lock())
    async with lock:
        async with engine.client() as docker:
            there = bool(await find_nodes(docker, cluster.name))
        if there:
            await _delete(ctx, engine)
        removed = await asyncio.to_thread(_remove, cluster.kubeconfig, cluster.name)
    if there or removed:
        return Done(f"deleted {f'cluster {cluster.name}' if there else 'its kubeconfig'}")
    return Done(f"there is no cluster {cluster.name}", changed=False)


async def _delete(ctx: Context, engine: ContainerEngine) -> None:
    cluster, host, output = ctx.cluster, ctx.cluster_host, Output(ctx)
    argv = ["kind", "delete", "cluster", "--name", cluster.name, "--kubeconfig"]
    # Over SSH there is no kubeconfig, but kind locks one all the same.
    place = contextlib.nullcontext(cluster.kubeconfig.parent) if host.shares_files else host.scratch()
    async with place as folder:
        if status := await output.follow((*argv, str(folder / cluster.kubeconfig.name)), engine):
            raise output.failure(f"cluster {cluster.name} could not be deleted", status)


def _remove(kubeconfig: Path, cluster: str) -> bool:
    """Removes a kubeconfig, unless it leads to other clusters too."""
    import yaml

    try:
        content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return False
    except (OSError, ValueError, yaml.YAMLError):
        return False  # nothing that kind wrote: it is its owner's
    names = {each.get("name") for each in content.get("clusters") or ()}
    if names - {f"kind-{cluster}"}:
        return False
    kubeconfig.unlink()
    return True
