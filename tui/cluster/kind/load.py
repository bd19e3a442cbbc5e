"""Loading images from container engines into a Kind cluster's nodes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.clients.registry import canonical
from tui.cluster.kind.nodes import list_nodes
from tui.cluster.kind.output import Output
from tui.deadline import in_time
from tui.errors import ActionError, BringupError
from tui.hosts.host import at
from tui.plan.failures import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import PurePath

    from aiohttp import StreamReader

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import Node
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_CHUNK = 1 << 21  # bytes written at once
_LOOK = 0.25  # seconds between looks at how far a load is
_LOOK_THERE = 1.0  # the same over SSH, where a look is two programs
_ONE_PLATFORM = (1, 48)  # the engine API's version since which a save can be of one platform


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One image on its way.

    Attributes:
        name: The image's name.
        source: The host whose engine has it.
        target: The cluster's host.
        cluster: The cluster's name.
        report: Takes output and progress.
    """

    name: str
    source: Host
    target: Host
    cluster: str
    report: Reporter


async def deliver(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`.

    One archive a call: kind loads several at once unreliably (kubernetes-sigs/kind#2477).
    """
    async with connect(await host.engine()) as api:
        nodes = [node for node in await list_nodes(api, cluster.name) if node.runs_pods]
        if not nodes:
            raise ActionError(f"there is no cluster {cluster.name}", "run a `kind.create` step first")
        if down := [node.name for node in nodes if not node.running]:
            hint = "run a `kind.create` step first, which starts it again"
            raise ActionError(f"node {down[0]} of cluster {cluster.name} does not run", hint)
        loaded = [
            name
            for name, source in images.items()
            if await _load(_Delivery(name, source, host, cluster.name, report), api, nodes)
        ]
    if not loaded:
        return Done("all images are in the nodes already", changed=False)
    return Done(f"loaded {', '.join(loaded)}")


async def _wanted(store: EngineApi, name: str, host: Host) -> dict[str, Any]:
    image = await store.find_image(name)
    if image is None:
        raise ActionError(
            f"the container engine{at(host)} has no image {name}",
            "run an `image.build` or `image.pull` step first",
        )
    return image


async def _have_all(api: EngineApi, nodes: list[Node], name: str, identity: str) -> bool:
    identities = await asyncio.gather(*(_identity(api, node, name) for node in nodes))
    return all(each == identity for each in identities)


async def _identity(api: EngineApi, node: Node, name: str) -> str:
    """Return the ID of a node's image of a name; empty where it has none."""
    status, output = await api.run_in(node.id, ("crictl", "inspecti", "-o", "json", name))
    try:
        return str(json.loads(output)["status"]["id"]) if status == 0 else ""
    except (ValueError, KeyError, TypeError):  # another crictl than is known: the image is loaded again
        return ""


async def _load(image: _Delivery, api: EngineApi, nodes: list[Node]) -> bool:
    """Load an image, unless all nodes have it; whether it was loaded."""
    engine = await image.source.engine()
    async with connect(engine) as store:
        found = await _wanted(store, image.name, image.source)
        if await _have_all(api, nodes, image.name, found["Id"]):
            image.report.log(f"{image.name} is in all nodes already")
            return False
        _check_architecture(image, found, (await image.target.engine()).architecture)
        async with (
            in_time(image.report, lambda: f"{image.name} was still being loaded"),
            image.target.scratch() as directory,
        ):
            archive = directory / "image.tar"
            with image.report.span("save", image.name):
                if engine.flavour == "podman":
                    await _name_in_full(store, image.name, found)
                await _save(image, engine, store, found, archive)
            with image.report.span("load", image.name):
                await _import(image, archive, len(nodes))
    return True


def _check_architecture(image: _Delivery, found: Mapping[str, Any], nodes: str) -> None:
    """Warn of an image that the nodes may not run: one that was made elsewhere is for that machine."""
    made = str(found.get("Architecture") or "")
    if made and nodes and made != nodes:
        image.report.warn(
            f"{image.name} is made for {made}, but the nodes are {nodes}: its pods may not start. "
            f"Set `platform: linux/{nodes}` where it is made"
        )


async def _name_in_full(store: EngineApi, name: str, image: Mapping[str, Any]) -> None:
    """Give a Podman image the name that pods ask for.

    What `podman build -t demo` makes is `localhost/demo`; a pod's `demo` is `docker.io/library/demo`.
    """
    full = canonical(name)
    if "@" not in full and full not in (image.get("RepoTags") or ()):
        await store.tag(name, full)


async def _save(
    image: _Delivery, engine: ContainerEngine, store: EngineApi, found: Mapping[str, Any], archive: PurePath
) -> None:
    """Write the image's archive to the cluster's host."""
    exported = canonical(image.name) if engine.flavour == "podman" else image.name
    platform = _platform(engine, found)
    expected = float(found.get("Size") or 0)  # the image's as the engine has it, close to the archive's
    if image.source is image.target and not image.target.shares_files:  # it need not come here and go back
        await _save_there(image, engine, exported, platform, expected, archive)
        return
    async with store.export(exported, platform) as content:
        try:
            await image.target.write(archive, _counted(image, expected, _gathered(content)))
        except OSError as error:
            raise ActionError(
                f"the archive of {image.name} cannot be written: {error.strerror or error}"
            ) from error


def _platform(engine: ContainerEngine, image: Mapping[str, Any]) -> dict[str, str]:
    """Return the platform that a save must name; empty where the engine's API knows of none."""
    if tuple(int(part) for part in engine.api_version.split(".")[:2]) < _ONE_PLATFORM:
        return {}
    platform = {"os": str(image["Os"]), "architecture": str(image["Architecture"])}
    return platform | ({"variant": str(image["Variant"])} if image.get("Variant") else {})


async def _save_there(
    image: _Delivery,
    engine: ContainerEngine,
    exported: str,
    platform: Mapping[str, str],
    expected: float,
    archive: PurePath,
) -> None:
    """Write the archive with the engine's own command, and report how far it is."""
    argv = [engine.flavour, "save", "--output", str(archive)]
    argv += ["--platform", "/".join(platform.values())] if platform else []
    said: list[str] = []
    looking = asyncio.create_task(_look(image, expected, archive))
    try:
        status = await image.target.run((*argv, exported), on_lines=said.extend, env=engine.environment)
    finally:
        looking.cancel()
        await asyncio.wait({looking})
    if status:
        raise ActionError(
            f"{image.name} could not be saved: {said[-1] if said else f'status {status}'}",
            hint_for("\n".join(said), "kind.load"),
        )


async def _look(image: _Delivery, expected: float, file: PurePath) -> None:
    """Report how large a growing file of the cluster's host is."""

    def tell(lines: list[str]) -> None:
        if (size := lines[-1].strip()).isdigit():
            image.report.progress(int(size), max(expected, int(size)), "B", f"save {image.name}")

    script = f'while sleep {_LOOK_THERE:g}; do wc -c <"$1"; done 2>/dev/null'
    with contextlib.suppress(BringupError):  # what it looks at tells of that
        await image.target.run(("sh", "-c", script, "sh", str(file)), on_lines=tell)


async def _counted(image: _Delivery, expected: float, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass chunks on and report how many bytes they were."""
    written = 0
    async for chunk in chunks:
        yield chunk
        written += len(chunk)
        image.report.progress(written, max(expected, written), "B", f"save {image.name}")


async def _gathered(content: StreamReader) -> AsyncIterator[bytes]:
    """Yield a stream in pieces large enough to be written on a thread."""
    gathered = bytearray()
    async for chunk in content.iter_any():
        gathered += chunk
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


async def _import(image: _Delivery, archive: PurePath, nodes: int) -> None:
    output = Output(image.report)
    argv = ("kind", "load", "image-archive", str(archive), "--name", image.cluster)
    watching = asyncio.create_task(_watch(image, archive, nodes))
    try:
        status = await output.follow(argv, image.target)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    if status:
        raise output.failure(f"{image.name} could not be loaded into cluster {image.cluster}", status)


async def _watch(image: _Delivery, file: PurePath, nodes: int) -> None:
    """Report how much of the archive the nodes have read, where this machine's system shows it."""
    if not image.target.shares_kernel:
        return
    archive = Path(file)
    total = (await asyncio.to_thread(archive.stat)).st_size * nodes
    told = 0
    while True:
        await asyncio.sleep(_LOOK)
        done = await asyncio.to_thread(lambda: sum(positions(archive)))
        if done > told:
            told = done
            image.report.progress(min(done, total), total, "B", f"load {image.name}")


def positions(file: Path, proc: Path = Path("/proc")) -> list[int]:
    """Return how far the `kind` command has read a file, for each time that it has it open; Linux only.

    It hands the open file to the program that writes to the node; both share its position.
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
