"""`image.deliver` and `kind.load`: images to the plan's cluster, by what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions.image.push import Push, push_all
from tui.clients.engine_api import connect, short
from tui.clients.engine_errors import no_image
from tui.clients.registry import canonical
from tui.cluster.provider import provider_of
from tui.cluster.registry import registry_of
from tui.plan.registry import name_in, plain_name_in

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.plan.steps import ImageDeliver
    from tui.reporter import Done


async def deliver(step: ImageDeliver, ctx: Context) -> Done:
    """Get images to the cluster from the hosts that they were made on.

    Raises:
        ActionError: An image is not in its engine, there is no cluster, or an image did not get there.
    """
    registry = await registry_of(ctx)
    if registry is None:
        images = {name: ctx.image_host(name) for name in step.images}
        provider = await provider_of(ctx.cluster)
        return await provider.deliver(ctx.cluster, ctx.cluster_host, images, ctx)
    pushes = []
    for name in dict.fromkeys(step.images):
        target = await named_in(registry.address, name, ctx)
        if target is None:
            raise no_image(name, ctx.image_host(name))
        pushes.append(Push(name, target))
    # Charts and commands of the plan cannot know IDs. Their names go first: they leave earlier images then,
    # which the engine forgets as a whole with their other names.
    plain = [Push(each.image, plain_name_in(registry.address, canonical(each.image))) for each in pushes]
    done = await push_all(plain, ctx)
    await push_all(pushes, ctx)
    return done


async def named_in(registry: str, image: str, ctx: Context) -> str | None:
    """Return how an image of the plan's is named in a registry; None if its engine does not have it.

    Raises:
        ActionError: The engine cannot be asked.
    """
    async with connect(await ctx.image_host(image).engine()) as store:
        found = await store.find_image(image)
    return name_in(registry, canonical(image), short(str(found["Id"]))) if found else None
