"""`image.build`: an image made by the container engine's own builder, or by buildx."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import TYPE_CHECKING

from tui.actions.image import buildx
from tui.actions.image.build_context import read_context
from tui.actions.image.build_output import BuildOutput
from tui.actions.image.docker_defaults import default_platform, proxy_arguments
from tui.actions.image.dockerfile import platform_arguments
from tui.actions.image.logins import build_logins, logins_for
from tui.actions.image.missing_source import hint_for_missing
from tui.actions.image.pieces import pieces_of
from tui.actions.image.platforms import other_platform
from tui.clients.engine_api import connect, short
from tui.clients.engine_errors import EngineLostError, EngineRefusedError
from tui.clients.podman_build import end_marked, new_mark
from tui.deadline import in_time
from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import Done
from tui.text import amount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tui.actions.context import Context
    from tui.actions.image.build_context import BuildContext
    from tui.clients.engine_api import EngineApi
    from tui.hosts.container_engine import ContainerEngine
    from tui.plan.steps import ImageBuild

_LINGERING = 1.5  # seconds to find what a cancelled build still runs
_CORRECT = "correct the Dockerfile, then run the task again"
_BASE = re.compile(r"(?:load metadata for|FROM) (\S+?): ")  # of an image that was not found
_UNSEEN = (
    "the builder does not see what only the engine has: name `builder: default`, which does, or push the base"
    " image to a registry"
)
_LARGE = 100_000_000  # bytes of a context from which on its size is told


async def build(step: ImageBuild, ctx: Context) -> Done:
    """Build an image.

    Raises:
        ActionError: It could not be built; the details are the build's last lines.
    """
    engine = await ctx.host.engine()
    if step.platform is None and (usual := await default_platform(ctx.host)):
        step = step.model_copy(update={"platform": (usual,)})
    context = await asyncio.to_thread(read_context, step.context, step.dockerfile)
    by_buildx = await buildx.is_wanted(step, context.content, engine, ctx.host)
    async with connect(engine) as api:
        before = await api.find_image(step.tag)
        try:
            if by_buildx:
                lines = await buildx.build(step, context, engine, ctx)
            else:
                made, lines = await _build(step, context, engine, api, ctx)
        except ActionError as error:
            hint = await asyncio.to_thread(hint_for_missing, error, context)
            if by_buildx and (base := _BASE.search(error.cause)) and await api.find_image(base[1]):
                hint = _UNSEEN
            raise ActionError(error.cause, hint, error.details) from error
        after = await api.find_image(step.tag)
    identity = str((after or {}).get("Id", ""))
    if not identity or not (by_buildx or short(identity) == short(made)):
        raise ActionError(
            f"the build of {step.tag} ended without an image",
            "check that the engine is running, then run the task again",
            tuple(lines),
        )
    [platform] = step.platform if step.platform and len(step.platform) == 1 else [None]
    if other := other_platform(after or {}, platform):
        ctx.warn(
            f"{step.tag} is made for {other}, not {platform}: the engine built on what it has of the "
            f"base image. Pull that first, with an `image.pull` step that has the same `platform`"
        )
    if before is not None and before["Id"] == identity:
        return Done(f"{short(identity)} is up to date", changed=False)
    return Done(f"built {short(identity)}")


async def _build(
    step: ImageBuild, context: BuildContext, engine: ContainerEngine, api: EngineApi, ctx: Context
) -> tuple[str, list[str]]:
    """Build an image by the engine itself, and return its ID and the last lines that were printed."""
    mark = new_mark() if engine.flavour == "podman" else ""
    parameters = _parameters(step, context, engine, mark, await proxy_arguments(engine, ctx))
    output = BuildOutput(ctx)
    with contextlib.closing(output):
        try:
            async with in_time(ctx, output.state, lambda: output.lines):
                await _send(api, engine, parameters, context, output, ctx)
        except asyncio.CancelledError:
            if mark and not (ctx.host.shares_kernel and await end_marked(mark, _LINGERING)):
                ctx.warn(f"Podman may go on with the build of {step.tag} until its instruction ends")
            raise
        except EngineRefusedError as error:
            cause = f"the engine refused to build {step.tag}: {error.cause}"
            hint = hint_for(error.cause, step.kind) or (_CORRECT if "ockerfile" in error.cause else "")
            raise ActionError(cause, hint) from error
        except EngineLostError as error:
            raise ActionError(f"{step.tag}: {error.cause}", error.hint, tuple(output.lines)) from error
    return output.identity, list(output.lines)


def _parameters(
    step: ImageBuild, context: BuildContext, engine: ContainerEngine, mark: str, proxies: Mapping[str, str]
) -> dict[str, str]:
    """Return the parameters of the engine's API for a build."""
    args = {**proxies, **step.args}
    platform = step.platform[0] if step.platform else None
    if engine.flavour == "docker":
        args = platform_arguments(context.content, platform, engine.architecture) | args
    wanted = {
        "t": step.tag,
        "dockerfile": context.dockerfile,
        "rm": "1",
        "forcerm": "1",
        "buildargs": json.dumps(args) if args else "",
        "target": step.target,
        "platform": platform,
        "extrahosts": json.dumps([f"{mark}:127.0.0.1"]) if mark else "",
    }
    return {name: value for name, value in wanted.items() if value}


async def _send(
    api: EngineApi,
    engine: ContainerEngine,
    parameters: dict[str, str],
    context: BuildContext,
    output: BuildOutput,
    ctx: Context,
) -> None:
    logins = await build_logins(await logins_for(engine), engine, ctx)
    body = _Body(context, ctx)
    try:
        async with api.build(parameters, body.stream(), logins) as messages:
            async for message in messages:
                output.take(message)
    except (EngineRefusedError, EngineLostError):
        if body.error is not None:  # it is this that broke the connection
            raise body.error from None
        raise


class _Body:
    """Streams a context to the engine, and keeps the error if it cannot be read."""

    def __init__(self, context: BuildContext, ctx: Context) -> None:
        self._context = context
        self._ctx = ctx
        self.error: Exception | None = None

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the context's tar."""
        sent = 0
        with self._ctx.span("send", self._context.directory.name):
            try:
                async for piece in pieces_of(self._context.pack()):
                    yield piece
                    sent += len(piece)
                    self._ctx.progress(sent, None, "B", "build context")
            except Exception as error:
                self.error = error
                raise
        if sent >= _LARGE:
            self._ctx.log(
                f"the build context is {amount(sent, None, 'B')}: name in .dockerignore what it does not use"
            )
