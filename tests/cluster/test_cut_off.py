"""Loads that are cut off: cancelled, their connection lost, the disk full. For real, over every engine."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.actions.engines import BASE, NODE, give_to_podman, need_image
from tui.actions.cluster import create
from tui.actions.image.deliver import deliver as load
from tui.clients.engine_api import connect
from tui.clients.engine_errors import EngineLostError
from tui.cluster.containers.nodes import find_nodes
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.steps import ClusterCreate, ImageDeliver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.actions.recorder import Recorder

LARGE = "postgres:15"
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
BROKEN_ONCE = r"""
ctr=$(command -v ctr) && mv $ctr $ctr-whole && cat >$ctr <<END && chmod +x $ctr
#!/bin/sh
case "\$*" in *import*) [ -e /run/broke ] || { touch /run/broke; echo it is broken >&2; exit 1; };; esac
exec $ctr-whole "\$@"
END
"""
STORE = "/var/lib/containerd/io.containerd.content.v1.content"


async def in_node(ctx: Recorder, *argv: str) -> str:
    (node,) = await find_nodes(ctx.cluster, ctx.host)
    async with connect(await ctx.host.engine()) as api:
        return (await api.run_in(node.id, argv))[1]


async def check_nothing_is_left(ctx: Recorder) -> None:
    """The node has neither the image, nor a part of it, nor a program that imports it."""
    for _ in range(50):
        left = await in_node(
            ctx,
            "sh",
            "-c",
            "pgrep -x ctr; ls /tmp | grep -v ^systemd-; ctr -n k8s.io content active | tail -n +2",
        )
        if not left.strip():
            break
        await asyncio.sleep(0.1)
    assert left.strip() == ""
    assert LARGE not in await in_node(ctx, "ctr", "-n", "k8s.io", "images", "list", "-q")


async def begun(loading: asyncio.Task[object], ctx: Recorder) -> None:
    """Wait until a part of the images has been sent."""
    ctx.progressed.clear()
    while not ctx.progressed and not loading.done():
        await asyncio.wait({loading}, timeout=0.02)
    assert not loading.done()


async def test_a_load_that_is_cut_off_leaves_nothing(real: Recorder, tmp_path: Path) -> None:
    await asyncio.to_thread(need_image, LARGE)
    if "podman" in (await real.host.engine()).flavour:
        await asyncio.to_thread(give_to_podman, LARGE, real.variables["environment"])
    await create(await asyncio.to_thread(ClusterCreate, kind="kind.create", image=NODE, wait=120), real)
    step = ImageDeliver(kind="kind.load", images=(LARGE,))

    loading = asyncio.create_task(load(step, real))
    await begun(loading, real)
    loading.cancel()
    await asyncio.wait({loading}, timeout=3)
    assert loading.cancelled()
    await check_nothing_is_left(real)

    direct = real.host
    async with relayed(real, tmp_path) as cut:
        loading = asyncio.create_task(load(step, real))
        await begun(loading, real)
        cut()
        with pytest.raises(EngineLostError):
            await loading
    real.host = direct
    await check_nothing_is_left(real)

    if "podman" in (await real.host.engine()).flavour:
        return  # its attach ends ahead of what ctr says of a full disk
    await in_node(real, "mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", STORE)
    await in_node(real, "mkdir", "-p", f"{STORE}/ingest", f"{STORE}/blobs/sha256")
    with pytest.raises(ActionError, match="no space left on device") as caught:
        await load(step, real)
    assert "make room" in caught.value.hint
    await in_node(real, "umount", STORE)
    await check_nothing_is_left(real)
    assert not [text for _, text in real.lines if "could not be streamed" in text]

    await in_node(real, "sh", "-c", BROKEN_ONCE)
    assert (await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)).changed
    told = "kind loads it, as the images could not be streamed: node .*: it is broken"
    assert [text for _, text in real.lines if re.match(told, text)]
    assert not (await load(ImageDeliver(kind="kind.load", images=(BASE,)), real)).changed


@contextlib.asynccontextmanager
async def relayed(ctx: Recorder, folder: Path) -> AsyncIterator[Callable[[], None]]:
    """Lead the host's connections to its engine through a socket; yields what cuts them."""
    path = (await ctx.host.engine()).url.removeprefix("unix://")
    writers: list[asyncio.StreamWriter] = []
    gone = asyncio.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
            if not gone.is_set():
                writer.write_eof()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if gone.is_set():
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        writers.extend((writer, far_writer))
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    def cut() -> None:
        gone.set()
        for writer in writers:
            writer.transport.abort()

    socket = folder / "relay.sock"
    async with await asyncio.start_unix_server(relay, socket):
        ctx.host = LocalHost(
            {**ctx.variables["environment"], "DOCKER_HOST": f"unix://{socket}"}, folder / "c"
        )
        yield cut
        cut()
