"""Objects whose containers have images as the cluster's registry names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions.image.deliver import named_in
from tui.clients.registry import canonical
from tui.cluster.registry import registry_at
from tui.plan.replacing import images_of, with_each_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api
    from tui.plan.manifests import Manifest


async def with_pushed_images(manifests: Sequence[Manifest], ctx: Context, api: Api) -> list[Manifest]:
    """Return manifests in which images that the plan delivers are those that its registry got.

    Where the cluster has no registry, they stay as they are.

    Raises:
        ActionError: The cluster or a container engine cannot be asked.
    """
    delivered = {canonical(image): image for image in ctx.delivered_images}
    used = {name for name in images_of(manifests) if canonical(name) in delivered}
    registry = await registry_at(api, ctx.cluster) if used else None
    if registry is None:
        return list(manifests)
    names: dict[str, str] = {}
    for name in sorted(used):
        if (pushed := await named_in(registry.inside, delivered[canonical(name)], ctx)) is not None:
            names[name] = pushed
            ctx.log(f"{name} is {pushed}")
    return with_each_image(manifests, lambda name: names.get(name, name))
