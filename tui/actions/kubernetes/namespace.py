"""The step `kubernetes.namespace`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions.kubernetes.leaving import staying
from tui.actions.kubernetes.server_side import outcome_of
from tui.cluster.connect import connect
from tui.plan.labels import labelled
from tui.reporter import Done

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.plan.steps import KubernetesNamespace


async def namespace(step: KubernetesNamespace, ctx: Context) -> Done:
    """Make sure that namespaces exist; wait for one that is being deleted, and make it anew.

    Raises:
        ActionError: The API server refuses, or a namespace does not go away.
    """
    made = 0
    async with connect(ctx) as api:
        for name in step.names:
            path = f"/api/v1/namespaces/{name}"
            before = await staying(api, path, f"namespace/{name}", ctx)
            metadata = {"name": name, **({"labels": step.labels} if step.labels else {})}
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            after = await api.apply(path, labelled(body, before, ctx.cluster.owner))
            outcome = outcome_of(before, after)
            ctx.log(f"namespace/{name} {outcome}")
            made += outcome != "unchanged"
    total = len(step.names)
    return Done(f"{made} of {total} made or changed" if made else f"{total} already there", changed=made > 0)
