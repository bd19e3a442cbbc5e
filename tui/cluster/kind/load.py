"""`kind.load`: images from the container engine into the cluster's nodes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.clients.registry import canonical
from tui.cluster.kind.nodes import find_nodes, run_in
from tui.cluster.kind.output import Output
from tui.deadline import in_time
from tui.errors import ActionError, BringupError
from tui.hosts.host import at
from tui.plan.failures import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import PurePath

    from aiodocker import Docker
    from aiohttp import StreamReader

    from tui.actions.context import Context
    from tui.clients.engine_api import EngineApi
    from tui.cluster.kind.nodes import Node
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.plan.steps import KindLoad

_CHUNK = 1 << 21  # bytes written at once
_LOOK = 0.25  # seconds between looks at how far a load is
_LOOK_THERE = 1.0  # the same over SSH, where a look is two programs
_ONE_PLATFORM = (1, 48)  # the engine API's version since which a save can be of one platform


async def load(step: KindLoad, ctx: Context) -> Done:
    """Loads images into the nodes that do not have them, from wherever they were made.

    One archive a call: kind loads several at once unreliably (kubernetes-sigs/kind#2477).

    Raises:
        ActionError: An image is not in its engine, there is no cluster, or a load failed.
    """
    engine = await ctx.cluster_host.engine()
    async with engine.client() as docker:
        nodes = [node for node in await find_nodes(docker, ctx.cluster.name) if node.holds_images]
        if not nodes:
            raise ActionError(
                f"there is no cluster {ctx.cluster.name}", "have a `kind.create` step run before this one"
            )
        loaded = [name for name in dict.fromkeys(step.images) if await _load(ctx, docker, nodes, name)]
    if not loaded:
        return Done("all images are in the nodes already", changed=False)
    return Done(f"loaded {', '.join(loaded)}")


async def _wanted(store: EngineApi, name: str, host: Host) -> dict[str, Any]:
    image = await store.find_image(name)
    if image is None:
        raise ActionError(
            f"the container engine{at(host)} has no image {name}",
            "have an `image.build` or `image.pull` step run before this one",
        )
    return image


async def _have_all(docker: Docker, nodes: list[Node], name: str, identity: str) -> bool:
    identities = await asyncio.gather(*(_identity(docker, node, name) for node in nodes))
    return all(each == identity for each in identities)


async def _identity(docker: Docker, node: Node, name: str) -> str:
    """The ID of a node's image of that name; empty where it has none."""
    status, output = await run_in(docker, node, ("crictl", "inspecti", "-o", "json", name))
    try:
        return str(json.loads(output)["status"]["id"]) if status == 0 else ""
    except (ValueError, KeyError, TypeError):  # another crictl than is known: the image is loaded again
        return ""


async def _load(ctx: Context, docker: Docker, nodes: list[Node], name: str) -> bool:
    """Loads an image, unless all nodes have it; whether it did."""
    host = ctx.image_host(name)
    engine = await host.engine()
    async with connect(engine) as store:
        image = await _wanted(store, name, host)
        if await _have_all(docker, nodes, name, image["Id"]):
            ctx.log(f"{name} is in all nodes already")
            return False
        _check_architecture(ctx, name, image, (await ctx.cluster_host.engine()).architecture)
        async with (
            in_time(ctx, lambda: f"{name} was still being loaded"),
            ctx.cluster_host.scratch() as folder,
        ):
            archive = folder / "image.tar"
            with ctx.span("save", name):
                if engine.flavour == "podman":
                    await _name_in_full(store, name, image)
                await _save(ctx, engine, store, name, image, archive)
            with ctx.span("load", name):
                await _import(ctx, name, archive, len(nodes))
    return True


def _check_architecture(ctx: Context, name: str, image: Mapping[str, Any], nodes: str) -> None:
    """Warns of an image that the nodes may not run: one that was made elsewhere is for that machine."""
    made = str(image.get("Architecture") or "")
    if made and nodes and made != nodes:
        ctx.warn(
            f"{name} is made for {made}, but the nodes are {nodes}: its pods may not start. "
            f"Set `platform: linux/{nodes}` where it is made"
        )


async def _name_in_full(store: EngineApi, name: str, image: Mapping[str, Any]) -> None:
    """Gives a Podman image the name that pods will ask for.

    What `podman build -t demo` makes is `localhost/demo`; a pod's `demo` is `docker.io/library/demo`.
    """
    full = canonical(name)
    if "@" not in full and full not in (image.get("RepoTags") or ()):
        await store.tag(name, full)


async def _save(
    ctx: Context,
    engine: ContainerEngine,
    store: EngineApi,
    name: str,
    image: Mapping[str, Any],
    archive: PurePath,
) -> None:
    """Writes the image's archive to the cluster's machine."""
    source, target = ctx.image_host(name), ctx.cluster_host
    exported = canonical(name) if engine.flavour == "podman" else name
    platform = _platform(engine, image)
    expected = float(image.get("Size") or 0)  # the image's as the engine has it, close to the archive's
    if source is target and not target.shares_files:  # it need not come here and go back
        await _save_there(ctx, engine, exported, platform, expected, archive)
        return
    async with store.export(exported, platform) as content:
        try:
            await target.write(archive, _counted(ctx, name, expected, _gathered(content)))
        except OSError as error:
            raise ActionError(
                f"the archive of {name} cannot be written: {error.strerror or error}"
            ) from error


def _platform(engine: ContainerEngine, image: Mapping[str, Any]) -> dict[str, str]:
    """The platform that a save has to name; none where the engine knows of none."""
    if tuple(int(part) for part in engine.api_version.split(".")[:2]) < _ONE_PLATFORM:
        return {}
    platform = {"os": str(image["Os"]), "architecture": str(image["Architecture"])}
    return platform | ({"variant": str(image["Variant"])} if image.get("Variant") else {})


async def _save_there(
    ctx: Context,
    engine: ContainerEngine,
    name: str,
    platform: Mapping[str, str],
    expected: float,
    archive: PurePath,
) -> None:
    """Has the engine's own command write the archive, and looks how far it is."""
    argv = [engine.flavour, "save", "--output", str(archive)]
    argv += ["--platform", "/".join(platform.values())] if platform else []
    said: list[str] = []
    looking = asyncio.create_task(_look(ctx, f"save {name}", expected, archive))
    try:
        status = await ctx.cluster_host.run((*argv, name), on_lines=said.extend, env=engine.environment)
    finally:
        looking.cancel()
        await asyncio.wait({looking})
    if status:
        raise ActionError(
            f"{name} could not be saved: {said[-1] if said else f'status {status}'}",
            hint_for("\n".join(said), "kind.load"),
        )


async def _look(ctx: Context, what: str, expected: float, file: PurePath) -> None:
    """Tells how large a growing file of the cluster's machine is."""

    def tell(lines: list[str]) -> None:
        if (size := lines[-1].strip()).isdigit():
            ctx.progress(int(size), max(expected, int(size)), "B", what)

    script = f'while sleep {_LOOK_THERE:g}; do wc -c <"$1"; done 2>/dev/null'
    with contextlib.suppress(BringupError):  # what it looks at tells of that
        await ctx.cluster_host.run(("sh", "-c", script, "sh", str(file)), on_lines=tell)


async def _counted(
    ctx: Context, name: str, expected: float, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Tells how much has gone by."""
    written = 0
    async for chunk in chunks:
        yield chunk
        written += len(chunk)
        ctx.progress(written, max(expected, written), "B", f"save {name}")


async def _gathered(content: StreamReader) -> AsyncIterator[bytes]:
    """A stream in pieces that are worth a thread's while."""
    gathered = bytearray()
    async for chunk in content.iter_any():
        gathered += chunk
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


async def _import(ctx: Context, name: str, archive: PurePath, nodes: int) -> None:
    output = Output(ctx)
    argv = ("kind", "load", "image-archive", str(archive), "--name", ctx.cluster.name)
    watching = asyncio.create_task(_watch(ctx, name, archive, nodes))
    try:
        status = await output.follow(argv, await ctx.cluster_host.engine())
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    if status:
        raise output.failure(f"{name} could not be loaded into cluster {ctx.cluster.name}", status)


async def _watch(ctx: Context, name: str, file: PurePath, nodes: int) -> None:
    """Tells how much of the archive the nodes have read, where this machine's system can say."""
    if not ctx.cluster_host.shares_kernel:
        return
    archive = Path(file)
    total = (await asyncio.to_thread(archive.stat)).st_size * nodes
    told = 0
    while True:
        await asyncio.sleep(_LOOK)
        done = await asyncio.to_thread(lambda: sum(positions(archive)))
        if done > told:
            told = done
            ctx.progress(min(done, total), total, "B", f"load {name}")


def positions(file: Path, proc: Path = Path("/proc")) -> list[int]:
    """How far the `kind` command has got in each of its readings of a file; none where not on Linux.

    It hands the file itself to what writes to the node, and such a shared file has one position.
    """
    needle = str(file).encode()
    found: list[int] = []
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if needle in (process / "cmdline").read_bytes():
                found += _positions(process, str(file))
    return found


def _positions(process: Path, file: str) -> Iterator[int]:
    for link in (process / "fd").iterdir():
        if str(link.readlink()) == file:
            yield int((process / "fdinfo" / link.name).read_text().split(maxsplit=2)[1])
