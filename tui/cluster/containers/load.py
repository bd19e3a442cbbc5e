"""Loading images from container engines into the nodes of a cluster of containers.

An archive of all images goes from the engine that has them straight into each node's containerd: no file is
written. Where that fails, the maker's program loads them.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from itertools import product
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.clients.engine_errors import EngineLostError, no_image
from tui.clients.registry import canonical, names_of_pinned
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import list_nodes
from tui.cluster.containers.stream import Delivery, stream
from tui.deadline import in_time
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_FULL = "no space left on device"
_DIGEST = re.compile(r"\bsha256:[0-9a-f]{64}\b")


async def deliver(cluster: Cluster, host: Host, images: Mapping[str, Host], report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    loaded: list[str] = []
    async with connect(await host.engine()) as api:
        nodes = [node for node in await list_nodes(api, cluster) if node.runs_pods]
        if not nodes:
            raise ActionError(f"there is no cluster {cluster.name}", "run a `cluster.create` step first")
        if down := [node.name for node in nodes if not node.running]:
            hint = "run a `cluster.create` step first, which starts it again"
            raise ActionError(f"node {down[0]} of cluster {cluster.name} does not run", hint)
        for source in dict.fromkeys(images.values()):
            names = [name for name, each in images.items() if each is source]
            engine = await source.engine()
            async with connect(engine) as store:
                delivery = Delivery(source, engine, store, host, api, cluster, nodes, report)
                loaded += await load_missing(delivery, names)
    if not loaded:
        return Done("all images are in the nodes already", changed=False)
    return Done(f"loaded {', '.join(loaded)}")


async def load_missing(delivery: Delivery, names: Iterable[str]) -> list[str]:
    """Load those images that not all nodes have; return their names."""
    report, found = delivery.report, dict[str, dict[str, Any]]()
    names = list(names)
    wanted = await asyncio.gather(*(_wanted(delivery, name) for name in names))
    there = await asyncio.gather(
        *(_lacking(delivery, name, str(image["Id"])) for name, image in zip(names, wanted, strict=True))
    )
    for name, image, lacking in zip(names, wanted, there, strict=True):
        if lacking:
            found[name] = image
        else:
            report.log(f"{name} is in all nodes already")
    if not found:
        return []
    for name, image in found.items():
        _check_architecture(delivery, name, image, (await delivery.target.engine()).architecture)
        if delivery.engine.flavour == "podman":
            await _name_in_full(delivery.store, name, image)
    listed = ", ".join(found)
    async with in_time(report, lambda: f"{listed} was still being loaded"):
        with report.span("load", listed):
            await _load(delivery, found)
    return list(found)


async def _wanted(delivery: Delivery, name: str) -> dict[str, Any]:
    image = await delivery.store.find_image(name)
    if image is None:
        raise no_image(name, delivery.source)
    return image


async def _lacking(delivery: Delivery, name: str, identity: str = "") -> list[str]:
    """Return the nodes that lack an image.

    Args:
        delivery: To where.
        name: Its name.
        identity: What the engine calls it by: the digest of its configuration, or of all that its name stands
            for, which is what Docker's newer store of images has; any image of the name will do if empty.
    """
    api, nodes = delivery.api, delivery.nodes
    known = names_of_pinned(name)[0] if "@" in name else name
    there = await asyncio.gather(*(_digests(api, node, known, identity) for node in nodes))
    has = (identity in its if identity else bool(its) for its in there)
    return [node.name for node, one in zip(nodes, has, strict=True) if not one]


async def _digests(api: EngineApi, node: Node, name: str, wanted: str) -> list[str]:
    """Return the digests by which a node knows its image of a name; none if it has none."""
    status, output = await api.run_in(node.id, ("crictl", "inspecti", "-o", "json", name))
    try:
        found = [str(json.loads(output)["status"]["id"])] if status == 0 else []
    except (ValueError, KeyError, TypeError):  # another crictl than is known: the image is loaded again
        return []
    if found and wanted not in (*found, ""):
        argv = ("ctr", "--namespace", "k8s.io", "images", "ls", f"name=={canonical(name)}")
        _, output = await api.run_in(node.id, argv)
        found += _DIGEST.findall(output)
    return found


def _check_architecture(delivery: Delivery, name: str, image: Mapping[str, Any], nodes: str) -> None:
    """Warn of an image that the nodes may not run: one that was made elsewhere is for that machine."""
    made = str(image.get("Architecture") or "")
    if made and nodes and made != nodes:
        delivery.report.warn(
            f"{name} is made for {made}, but the nodes are {nodes}: its pods may not start. "
            f"Set `platform: linux/{nodes}` where it is made"
        )


async def _name_in_full(store: EngineApi, name: str, image: Mapping[str, Any]) -> None:
    """Give a Podman image the name that pods ask for.

    What `podman build -t demo` makes is `localhost/demo`; a pod's `demo` is `docker.io/library/demo`.
    """
    full = canonical(name)
    if "@" not in full and full not in (image.get("RepoTags") or ()):
        await store.tag(name, full)


async def _load(delivery: Delivery, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Load images into all nodes under their names.

    An archive has no names with digests, so that such an image is given another one for the way.
    """
    aliases = {name: f"localhost/bringup-{uuid.uuid4().hex[:12]}:1" for name in found if "@" in name}
    try:
        for name, alias in aliases.items():
            await delivery.store.tag(str(found[name]["Id"]), alias)
        await _load_named(delivery, {aliases.get(name, name): image for name, image in found.items()})
        for node, (name, alias) in product(delivery.nodes, aliases.items()):
            await _rename(delivery.api, node, alias, names_of_pinned(name))
    finally:
        await asyncio.gather(*map(delivery.store.remove_image, aliases.values()))


async def _rename(api: EngineApi, node: Node, name: str, wanted: Sequence[str]) -> None:
    """Give an image of a node other names in place of the one that it has."""
    for argv in (("tag", "--force", name, *wanted), ("rm", name)):
        status, _ = await api.run_in(node.id, ("ctr", "--namespace", "k8s.io", "images", *argv))
        if status:
            raise ActionError(f"node {node.name} does not take the name {wanted[0]}")


async def _load_named(delivery: Delivery, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Stream images into all nodes, or have the maker's program load them where that fails."""
    try:
        await stream(delivery, found)
        for name in found:
            if lacking := await _lacking(delivery, name):
                raise ActionError(f"node {lacking[0]} does not show {name}")
    except EngineLostError:
        raise
    except ActionError as error:
        if _FULL in error.cause or delivery.source is not delivery.target:
            raise
        name = maker_of(delivery.cluster).name
        delivery.report.log(f"{name} loads it, as the images could not be streamed: {error.cause}")
        for image in found:  # kind loads several at once unreliably (kubernetes-sigs/kind#2477)
            await _have_maker_load(delivery, image)


async def _have_maker_load(delivery: Delivery, image: str) -> None:
    maker, cluster = maker_of(delivery.cluster), delivery.cluster.name
    what = f"{image} could not be loaded into cluster {cluster}"
    output = maker.output(delivery.report)
    status = await output.follow(maker.load(cluster, image), delivery.target)
    if status or output.error:  # which k3d tells with status 0 too
        raise output.failure(what, status)
