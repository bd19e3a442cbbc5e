"""`image.pull`: images into the container engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui.actions.image.docker_defaults import default_platform
from tui.actions.image.layers import Layers
from tui.actions.image.logins import login_at, logins_for
from tui.actions.image.platforms import other_platform
from tui.clients.engine_api import connect, failure_of
from tui.clients.engine_errors import EngineLostError, EngineRefusedError
from tui.deadline import in_time
from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tui.actions.context import Context
    from tui.clients.engine_api import EngineApi, Message
    from tui.clients.registry import Logins
    from tui.plan.steps import ImagePull

_AT_ONCE = 4  # pulls


async def pull(step: ImagePull, ctx: Context) -> Done:
    """Pull those images that the engine does not have, some at once.

    Raises:
        ActionError: Some could not be pulled; all the others are, first.
    """
    engine = await ctx.host.engine()
    platform = step.platform or await default_platform(ctx.host)
    async with connect(engine) as api:
        names = list(dict.fromkeys(step.images))
        absent = [name for name in names if not _is_there(await api.find_image(name), platform)]
        pulls = _Pulls(api, ctx, platform, await logins_for(engine))
        async with in_time(ctx, pulls.state):
            results = await asyncio.gather(*(pulls.pull(name) for name in absent), return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    for error in failed:
        if len(failed) == 1 or not isinstance(error, ActionError):
            raise error
    errors = [error for error in failed if isinstance(error, ActionError)]
    if errors:
        cause = f"{len(errors)} of {len(absent)} images could not be pulled"
        raise ActionError(cause, errors[0].hint, tuple(error.cause for error in errors)) from errors[0]
    if not absent:
        return Done("the engine has them all", changed=False)
    return Done(f"pulled {', '.join(absent)}")


class _Pulls:
    """Pulls that run at once and report one progress."""

    def __init__(self, api: EngineApi, ctx: Context, platform: str | None, logins: Logins) -> None:
        self._api = api
        self._ctx = ctx
        self._platform = platform
        self._logins = logins
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._layers = Layers()
        self._open: set[str] = set()

    def state(self) -> str:
        """Return what is still to be done, in words."""
        return f"{', '.join(sorted(self._open))} still had to be pulled"

    async def pull(self, name: str) -> None:
        """Pull an image.

        Raises:
            ActionError: It could not be pulled.
        """
        self._open.add(name)
        login = await login_at(self._logins, name, self._ctx)
        try:
            async with self._free:
                with self._ctx.span("pull", name):
                    async with self._api.pull(name, self._platform, login) as messages:
                        await self._follow(name, messages)
                    found = await self._api.find_image(name)
                    if found is None:
                        raise _not_pulled(name, "the engine finished it without an image")
                    if other := other_platform(found, self._platform):
                        self._ctx.warn(f"{name} is made for {other}: there is none for {self._platform}")
        except EngineRefusedError as error:
            raise _not_pulled(name, error.cause) from error
        except EngineLostError as error:
            raise ActionError(f"{name} could not be pulled: {error.cause}", error.hint) from error
        self._open.discard(name)

    async def _follow(self, name: str, messages: AsyncIterator[Message]) -> None:
        async for message in messages:
            if reason := failure_of(message):
                raise _not_pulled(name, reason)
            if self._layers.take(message):
                self._ctx.progress(self._layers.done, self._layers.total, "B", "pull")
            elif text := str(message.get("status") or message.get("stream") or "").strip():
                self._ctx.log(text, source=name)


def _is_there(found: Mapping[str, Any] | None, platform: str | None) -> bool:
    return found is not None and not other_platform(found, platform)


def _not_pulled(name: str, reason: str) -> ActionError:
    return ActionError(f"{name} could not be pulled: {reason}", hint_for(reason, "image.pull"))
