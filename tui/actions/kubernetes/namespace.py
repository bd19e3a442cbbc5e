"""The step `kubernetes.namespace`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.actions.kubernetes.server_side import outcome_of
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.labels import labelled
from tui.reporter import Done, end_of

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import KubernetesNamespace

_GONE_WITHIN = 120.0
_POLL = 0.25


async def namespace(step: KubernetesNamespace, ctx: Context) -> Done:
    """Make sure that namespaces exist; wait for one that is being deleted, and make it anew.

    Raises:
        ActionError: The API server refuses, or a namespace does not go away.
    """
    made = 0
    async with connect(ctx) as api:
        for name in step.names:
            path = f"/api/v1/namespaces/{name}"
            before = await _wait_until_gone(api, path, name, ctx)
            metadata = {"name": name, **({"labels": step.labels} if step.labels else {})}
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            after = await api.apply(path, labelled(body, before, ctx.cluster.owner))
            outcome = outcome_of(before, after)
            ctx.log(f"namespace/{name} {outcome}")
            made += outcome != "unchanged"
    total = len(step.names)
    return Done(f"{made} of {total} made or changed" if made else f"{total} already there", changed=made > 0)


async def _wait_until_gone(api: Api, path: str, name: str, ctx: Context) -> Object | None:
    """Return the namespace, or None once one that is being deleted is gone."""
    end = end_of(ctx, _GONE_WITHIN)
    logged = False
    while (found := await api.find(path)) and found.get("status", {}).get("phase") == "Terminating":
        if not logged:
            ctx.log(f"namespace/{name} is being deleted; waiting until it is gone")
        logged = True
        if asyncio.get_running_loop().time() >= end:
            raise ActionError(
                f"namespace/{name} is being deleted, but has not gone away",
                f"look what is left in it: kubectl get namespace {name} -o yaml",
            )
        await asyncio.sleep(_POLL)
    return found
