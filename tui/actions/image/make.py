"""`image.make`: images made by a project's own builder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.actions.command import run, shown
from tui.clients.engine_api import connect, short
from tui.clients.registry import canonical
from tui.errors import ActionError
from tui.hosts.host import at
from tui.text import cut

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.plan.steps import ImageMake
    from tui.reporter import Done

_NAMED = 200  # characters of the names of images that were made instead


async def make(step: ImageMake, ctx: Context) -> Done:
    """Run a project's builder, and check that the images are there that it is to make.

    It gets the variables by which `docker` and `podman` speak to the engine that loads take images from.

    Returns:
        Unchanged if each image is the one that was there before.

    Raises:
        ActionError: It failed, or has not made an image that is named.
    """
    engine = await ctx.host.engine()
    async with connect(engine) as api:
        before = await api.images()
    done = await run(step, ctx, engine.environment)
    async with connect(engine) as api:
        after = await api.images()
        identities = {name: str((await api.find_image(name) or {}).get("Id") or "") for name in step.images}
    if missing := [name for name, identity in identities.items() if not identity]:
        made = ", ".join(sorted(name for name, identity in after.items() if before.get(name) != identity))
        hint = f"have it build into {engine.flavour.capitalize()}{at(ctx.host)}, such as by `--load`"
        if made:  # by it, or by another task
            hint += f"; if it is {cut(made, _NAMED)}, new meanwhile, name that in `images`, or tag it so"
        raise ActionError(f"{shown(step)} has not made {', '.join(missing)}", hint)
    old = {canonical(name): identity for name, identity in before.items()}
    new = [name for name in step.images if old.get(canonical(name)) != identities[name]]
    if not new:
        return replace(done, note="all as they were", changed=False)
    made = ", ".join(f"{name} ({short(identities[name])})" for name in new)
    return replace(done, note=f"made {made}", changed=True)
