"""`image.deliver` and `kind.load`: images to the plan's cluster, by what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions.image.push import Push, push_all
from tui.clients.registry import canonical
from tui.cluster.provider import provider_of
from tui.cluster.registry import registry_of
from tui.plan.registry import name_in

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.plan.steps import ImageDeliver, KindLoad
    from tui.reporter import Done


async def deliver(step: ImageDeliver | KindLoad, ctx: Context) -> Done:
    """Get images to the cluster from the hosts that they were made on.

    Raises:
        ActionError: An image is not in its engine, there is no cluster, or an image did not get there.
    """
    registry = await registry_of(ctx)
    if registry is not None:
        names = dict.fromkeys(step.images)
        return await push_all([Push(name, name_in(registry.address, canonical(name))) for name in names], ctx)
    images = {name: ctx.image_host(name) for name in step.images}
    provider = await provider_of(ctx.cluster)
    return await provider.deliver(ctx.cluster, ctx.cluster_host, images, ctx)
