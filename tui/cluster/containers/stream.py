"""Streaming an archive of images from a container engine into the containerd of each node."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.clients.registry import canonical
from tui.cluster.containers.makers import maker_of
from tui.errors import ActionError
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import Node
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_ALL = "--all-platforms"
_IMPORT = ("ctr", "--namespace", "k8s.io", "images", "import", _ALL, "--digests")
# Docker's newer store saves an index whole, though not all that it names, such as who built it and how.
_INCOMPLETE = re.compile("content digest sha256:[^\n]*not found")
_SNAPSHOTTER = re.compile(r"""^\s*snapshotter = ['"](.+?)['"]""", re.MULTILINE)
# What dd says of itself; what another says at its end stands in its last line, which has no end.
_DD = re.compile(r"(?:(\d+) bytes .*?(?:B/s|bytes/sec\))|\d+\+\d+ records (?:in|out))\s*")
_ONE_PLATFORM = (1, 48)  # the engine API's version since which a save can be of one platform


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of images from one engine to a cluster's nodes.

    Attributes:
        source: The host whose engine has them.
        engine: That engine.
        store: Its API.
        target: The cluster's host.
        api: The API of the engine that runs the nodes.
        cluster: The cluster.
        nodes: Its nodes.
        report: Takes output and progress.
    """

    source: Host
    engine: ContainerEngine
    store: EngineApi
    target: Host
    api: EngineApi
    cluster: Cluster
    nodes: Sequence[Node]
    report: Reporter


async def stream(delivery: Delivery, images: Mapping[str, Mapping[str, Any]]) -> None:
    """Stream images into all nodes at once, as one archive for each platform; Podman makes one an image.

    Args:
        delivery: From where to where.
        images: What the engine knows of each, by name.

    Raises:
        ActionError: A node did not import them.
        EngineLostError: The connection to an engine broke.
    """
    command = (*_IMPORT, *await _snapshotter(delivery), "-")
    podman = delivery.engine.flavour == "podman"
    batches: dict[tuple[object, ...], list[str]] = {}
    for name, image in images.items():
        key = (*_platform(delivery.engine, image).items(), name if podman else "")
        batches.setdefault(key, []).append(name)
    for batch in batches.values():
        size = sum(float(images[name].get("Size") or 0) for name in batch)  # close to the archive's
        platform = _platform(delivery.engine, images[batch[0]])
        names = [canonical(name) if podman else name for name in batch]  # Podman's own builds have short ones
        await _stream(delivery, names, platform, command, size)


async def _stream(
    delivery: Delivery,
    names: Sequence[str],
    platform: Mapping[str, str],
    command: Sequence[str],
    size: float,
) -> None:
    finished = await _transfer(delivery, names, platform, command, size)
    if any(status and _INCOMPLETE.search(output) for status, output in finished):
        delivery.report.log("the archive has one platform of those that it names: only that one is imported")
        command = [part for part in command if part != _ALL]
        finished = await _transfer(delivery, names, platform, command, size)
    for node, (status, output) in zip(delivery.nodes, finished, strict=True):
        if status:
            said = output.splitlines()
            raise ActionError(
                f"node {node.name} could not import the images: {said[-1].strip() if said else status}",
                hint_for(output, f"{maker_of(delivery.cluster).name}.load"),
                tuple(said[-5:]),
            )


async def _transfer(
    delivery: Delivery,
    names: Sequence[str],
    platform: Mapping[str, str],
    command: Sequence[str],
    size: float,
) -> list[tuple[int, str]]:
    """Stream images into the nodes; return each node's exit status and output."""
    if delivery.source is delivery.target and not delivery.target.shares_files:
        # The images need not come here and go back.
        pipes = (_pipe(delivery, node, names, platform, command, size) for node in delivery.nodes)
        return await asyncio.gather(*pipes)
    return await _pump(delivery, names, platform, command, size)


async def _pump(
    delivery: Delivery,
    names: Sequence[str],
    platform: Mapping[str, str],
    command: Sequence[str],
    size: float,
) -> list[tuple[int, str]]:
    """Stream images from an engine through this process; return each node's exit status and output."""
    async with contextlib.AsyncExitStack() as stack:
        feeds = [delivery.api.feed(node.id, command) for node in delivery.nodes]
        imports = [await stack.enter_async_context(feed) for feed in feeds]
        async with delivery.store.export(names, platform) as content:
            sent = 0
            async for chunk in content.iter_any():
                for each in imports:
                    await each.write(chunk)
                sent += len(chunk)
                delivery.report.progress(sent, max(size, sent), "B", "load")
                if all(each.finished for each in imports):
                    break
        delivery.report.progress(sent, sent, "B", "load")
        with delivery.report.span("unpack", delivery.cluster.name):
            return await asyncio.gather(*(each.finish() for each in imports))


def _platform(engine: ContainerEngine, image: Mapping[str, Any]) -> dict[str, str]:
    """Return the platform that a save must name; empty where the engine's API knows of none."""
    if tuple(int(part) for part in engine.api_version.split(".")[:2]) < _ONE_PLATFORM:
        return {}
    platform = {"os": str(image["Os"]), "architecture": str(image["Architecture"])}
    return platform | ({"variant": str(image["Variant"])} if image.get("Variant") else {})


async def _snapshotter(delivery: Delivery) -> list[str]:
    """Return the option that names what keeps the nodes' images on disk."""
    settings = maker_of(delivery.cluster).containerd
    _, output = await delivery.api.run_in(delivery.nodes[0].id, settings)
    found = _SNAPSHOTTER.search(output)
    return [f"--snapshotter={found[1]}"] if found else []


async def _pipe(
    delivery: Delivery,
    node: Node,
    names: Sequence[str],
    platform: Mapping[str, str],
    command: Sequence[str],
    size: float,
) -> tuple[int, str]:
    """Stream images into a node by programs of the host that has both; return exit status and output."""
    program = delivery.engine.flavour
    save = [program, "save", *(["--platform", "/".join(platform.values())] if platform else []), *names]
    load = [program, "exec", "--interactive", node.id, *command]
    script = f"{shlex.join(save)} | dd bs=1048576 status=progress | {shlex.join(load)}"
    said: list[str] = []

    def take(lines: list[str]) -> None:
        for line in lines:
            sent, rest = progress_of(line)
            if rest:
                said.append(rest)
            if sent:
                delivery.report.progress(sent, max(size, sent), "B", "load")

    status = await delivery.target.run(("sh", "-c", script), on_lines=take, env=delivery.engine.environment)
    return status, "\n".join(filter(str.strip, said))


def progress_of(line: str) -> tuple[int, str]:
    """Return how many bytes dd tells that it has copied, 0 if none; and what of the line others said."""
    own = _DD.match(line)
    return (int(own[1] or 0), line[own.end() :]) if own else (0, line)
