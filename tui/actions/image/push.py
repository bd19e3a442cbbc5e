"""`image.push`: images from the container engine to registries."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.actions.image.layers import Layers
from tui.actions.image.logins import login_at, logins_for
from tui.clients.engine_api import connect, failure_of
from tui.clients.engine_errors import EngineLostError, EngineRefusedError, no_image
from tui.clients.registry import canonical, with_tag
from tui.deadline import in_time
from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.clients.engine_api import EngineApi
    from tui.plan.steps import ImagePush

_AT_ONCE = 4  # pushes
_IDENTITY = re.compile("[0-9a-f]{12}")  # of an image, at the end of a name of `tui.plan.registry.name_in`


class Push(NamedTuple):
    """An image that is to be pushed.

    Attributes:
        image: Its name in the engine.
        target: Its name in the registry, with a tag.
    """

    image: str
    target: str


async def push(step: ImagePush, ctx: Context) -> Done:
    """Push images to the registries that they are named after.

    Raises:
        ActionError: One is not there, or its registry does not take it.
    """
    return await push_all([Push(name, with_tag(name)) for name in dict.fromkeys(step.images)], ctx)


async def push_all(pushes: Sequence[Push], ctx: Context) -> Done:
    """Push images, some at once, from the hosts that they were made on.

    Raises:
        ActionError: One is not there, or its registry does not take it.
    """
    layers, free = Layers(), asyncio.Semaphore(_AT_ONCE)
    left = {each.target: None for each in pushes}

    async def one(each: Push) -> bool:
        async with free:
            changed = await _push(each, layers, ctx)
        left.pop(each.target)
        return changed

    async with in_time(ctx, lambda: f"{', '.join(left)} still had to be pushed"):
        results = await asyncio.gather(*map(one, pushes), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    names = [each.target for each, changed in zip(pushes, results, strict=True) if changed]
    if not names:
        return Done("the registry has all images already", changed=False)
    return Done(f"pushed {', '.join(names)}")


async def _push(each: Push, layers: Layers, ctx: Context) -> bool:
    """Push an image; return whether the registry did not have all of it."""
    host = ctx.image_host(each.image)
    engine = await host.engine()
    login = await login_at(await logins_for(engine), each.target, ctx)
    async with connect(engine) as api:
        if await api.find_image(each.image) is None:
            raise no_image(each.image, host)
        changed, silent = False, True
        try:
            if canonical(each.image) != canonical(each.target):
                await api.tag(each.image, each.target)
            before = await _digest(api, each)
            with ctx.span("push", each.target):
                async with api.push(each.target, login, podman=engine.flavour == "podman") as messages:
                    async for message in messages:
                        if reason := failure_of(message):
                            raise _not_pushed(each, reason)
                        changed |= message.get("status") == "Pushed"
                        silent &= "id" not in message
                        if layers.take(message):
                            ctx.progress(layers.done, layers.total, "B", "push")
        except EngineRefusedError as error:
            raise _not_pushed(each, error.cause) from error
        except EngineLostError as error:
            raise ActionError(f"{each.target} could not be pushed: {error.cause}", error.hint) from error
        await _untag_older(api, each)
        changed |= silent or await _digest(api, each) != before  # Podman does not say what was there
        ctx.log(f"{each.target} {'pushed' if changed else 'is there already'}")
        return changed


async def _untag_older(api: EngineApi, each: Push) -> None:
    """Have the engine forget tags that only earlier images were pushed by; else none would ever go."""
    name, dash, identity = each.target.rpartition("-")
    if not dash or not _IDENTITY.fullmatch(identity):
        return
    pattern = re.compile(rf"{re.escape(name)}-{_IDENTITY.pattern}")
    for tag in await api.images(f"{name}-*"):
        if tag != each.target and pattern.fullmatch(tag):
            await api.remove_image(tag)


async def _digest(api: EngineApi, each: Push) -> str:
    """Return the digest that an image has in the registry, as `sha256:…`; empty if it is not there."""
    found = await api.find_image(each.image) or {}
    repository = each.target.rpartition(":")[0]
    digests = (str(name).rpartition("@") for name in found.get("RepoDigests") or ())
    return next((digest for name, _, digest in digests if name == repository), "")


def _not_pushed(each: Push, reason: str) -> ActionError:
    return ActionError(f"{each.target} could not be pushed: {reason}", hint_for(reason, "image.push"))
