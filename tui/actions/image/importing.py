"""`image.import`: images of an archive into the container engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.actions.image.archive import read_archive
from tui.actions.image.pieces import pieces_of
from tui.clients.engine_api import connect, failure_of
from tui.clients.engine_errors import EngineLostError, EngineRefusedError
from tui.clients.registry import with_tag
from tui.deadline import in_time
from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import Done
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.actions.context import Context
    from tui.actions.image.archive import Archive, Archived
    from tui.clients.engine_api import EngineApi
    from tui.plan.steps import ImageImport


async def import_images(step: ImageImport, ctx: Context) -> Done:
    """Load the images of an archive, unless the engine has them all.

    Raises:
        ActionError: The archive has no such images, or the engine refuses it.
    """
    engine = await ctx.host.engine()
    archive = await asyncio.to_thread(read_archive, step.archive, engine.architecture)
    chosen = archive.pick(step.images)
    async with connect(engine) as api:
        if all([await _has(api, name, image) for name, image in chosen.items()]):
            return Done("the engine has them all", changed=False)
        async with in_time(ctx, lambda: f"{archive.path.name} was still being loaded"):
            with ctx.span("load", archive.path.name):
                await _load(api, archive, chosen, ctx)
        missing = [name for name, image in chosen.items() if not await _named(api, name, image)]
    if missing:
        raise ActionError(f"{archive.path.name} was loaded, and {', '.join(missing)} is not there")
    return Done(f"{plural(len(chosen), 'image')} loaded")


async def _has(api: EngineApi, name: str, image: Archived) -> bool:
    """Return whether the engine's image of a name is that of the archive."""
    found = await api.find_image(name)
    identity = str((found or {}).get("Id") or "")
    return (identity if ":" in identity else f"sha256:{identity}") in image.digests


async def _named(api: EngineApi, name: str, image: Archived) -> bool:
    """Return whether the engine has an image of a name; give it to one that came without."""
    if await api.find_image(name):
        return True
    for digest in image.digests:
        if await api.find_image(digest):
            await api.tag(digest, with_tag(name))
            return True
    return False


async def _load(api: EngineApi, archive: Archive, chosen: dict[str, Archived], ctx: Context) -> None:
    size = None if archive.is_layout else (await asyncio.to_thread(archive.path.stat)).st_size

    async def pieces() -> AsyncIterator[bytes]:
        sent = 0
        async for piece in pieces_of(archive.stream(chosen)):
            yield piece
            sent += len(piece)
            ctx.progress(sent, size, "B", archive.path.name)

    try:
        async with api.load(pieces()) as messages:
            async for message in messages:
                if reason := failure_of(message):
                    raise ActionError(
                        f"the engine refused {archive.path.name}: {reason}", hint_for(reason, "image.import")
                    )
                if text := str(message.get("stream") or "").strip():
                    ctx.log(text)
    except EngineRefusedError as error:
        cause = f"the engine refused {archive.path.name}: {error.cause}"
        raise ActionError(cause, hint_for(error.cause, "image.import")) from error
    except EngineLostError as error:
        raise ActionError(f"{archive.path.name}: {error.cause}", error.hint) from error
