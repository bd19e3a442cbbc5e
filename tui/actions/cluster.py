"""The `cluster.…` steps, which are `kind.…` too: the plan's cluster created and deleted by its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cluster.provider import ClusterSpec, provider_of, read_config

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.plan.steps import StepBase
    from tui.plan.steps.cluster import ClusterCreate, ClusterLogs
    from tui.reporter import Done


async def create(step: ClusterCreate, ctx: Context) -> Done:
    """Create the plan's cluster, or adopt a healthy one of that name.

    Raises:
        ActionError: It cannot be created, or the one that is there is not healthy.
    """
    config = await read_config(step.config, ctx.variables)
    spec = ClusterSpec(config, step.image, step.wait, ctx.folder, ctx.restoration)
    provider = await provider_of(ctx.cluster)
    return await provider.create(ctx.cluster, ctx.cluster_host, spec, ctx)


async def stop(step: StepBase, ctx: Context) -> Done:
    """Stop the plan's cluster, so that the next `cluster.create` starts it again.

    Raises:
        ActionError: The cluster could not be started again, or does not stop.
    """
    provider = await provider_of(ctx.cluster)
    return await provider.stop(ctx.cluster, ctx.cluster_host, ctx)


async def delete(step: StepBase, ctx: Context) -> Done:
    """Delete the plan's cluster and its entries in the kubeconfig.

    Raises:
        ActionError: The cluster could not be deleted.
    """
    provider = await provider_of(ctx.cluster)
    return await provider.delete(ctx.cluster, ctx.cluster_host, ctx)


async def logs(step: ClusterLogs, ctx: Context) -> Done:
    """Export the logs of the plan's cluster.

    Raises:
        ActionError: There is no cluster, or not all could be exported.
    """
    provider = await provider_of(ctx.cluster)
    return await provider.export_logs(ctx.cluster, ctx.cluster_host, step.to, ctx)
