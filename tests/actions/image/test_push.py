"""Images pushed by real engines to a real registry."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.actions.engines import running
from tests.actions.recorder import Recorder
from tui.actions.image.build import build
from tui.actions.image.deliver import deliver
from tui.actions.image.push import push
from tui.clients.engine_api import connect
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster
from tui.plan.steps import ImageBuild, ImageDeliver, ImagePush

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a registry of the test's own."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "images")}},
        "http": {"addr": address},
        "log": {"accesslog": {"disabled": True}, "level": "error"},
    }
    (tmp_path / "registry.yml").write_text(json.dumps(config))
    argv = ("docker-registry", "serve", str(tmp_path / "registry.yml"))
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            end = time.monotonic() + 20
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/v2/") as answer:
                    assert answer.status == 200
                    break
                assert time.monotonic() < end
                time.sleep(0.05)
            yield address
        finally:
            program.kill()


@pytest.fixture(params=["docker", "podman"])
async def ctx(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Recorder]:
    found = running(request.param)
    environment = await asyncio.to_thread(found.__enter__)
    try:
        yield Recorder(folder=tmp_path, cache=tmp_path / "cache", host=LocalHost(environment))
    finally:
        await asyncio.to_thread(found.__exit__, None, None, None)


def directory(folder: Path, text: str) -> Path:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY text /\n")
    (context / "text").write_text(text)
    return context


async def test_what_is_built_anew_gets_a_name_of_its_own_in_the_clusters_registry(
    ctx: Recorder, registry: str, tmp_path: Path
) -> None:
    name = f"team/shop-{uuid.uuid4().hex[:8]}:dev"
    there = {"name": "it", "kubeconfig": tmp_path / "none", "registry": f"{registry}/all"}
    ctx.plan_cluster = await asyncio.to_thread(Cluster.model_validate, there)
    step = ImageDeliver(kind="image.deliver", images=(name,))
    identities: list[str] = []
    repository = f"all/{name.removesuffix(':dev')}"
    async with connect(await ctx.host.engine()) as api:
        try:
            for count, text in enumerate(("one", "two"), 1):
                context = await asyncio.to_thread(directory, tmp_path, text)
                made = await asyncio.to_thread(ImageBuild, kind="image.build", tag=name, context=context)
                await build(made, ctx)
                identities.append((await api.find_image(name) or {})["Id"])
                assert (await deliver(step, ctx)).changed
                again = await deliver(step, ctx)
                assert not again.changed or (await ctx.host.engine()).flavour == "podman"
                url = f"http://{registry}/v2/{repository}/tags/list"
                answer = await asyncio.to_thread(urllib.request.urlopen, url)
                tags = json.loads(await asyncio.to_thread(answer.read))["tags"]
                assert len(tags) == count + 1  # the plain one leads to the last
                found = await api.images(f"{registry}/all/*/*")  # the engine forgets the earlier one
                kept = [each for each in found if each.startswith(registry)]
                assert len(kept) == 2
                assert {each.rpartition(":")[2] for each in kept} <= {*tags}
            assert await api.find_image(identities[0]) is None
            with pytest.raises(ActionError, match=r"has no image .*none:1"):
                await deliver(ImageDeliver(kind="image.deliver", images=("none:1",)), ctx)
        finally:
            for image in (name, *await api.images(f"{registry}/all/*/*")):
                await api.remove_image(image)


async def test_a_registry_that_is_not_there_is_told_of(ctx: Recorder, tmp_path: Path) -> None:
    name = f"127.0.0.1:1/shop-{uuid.uuid4().hex[:8]}:dev"
    context = await asyncio.to_thread(directory, tmp_path, "one")
    made = await asyncio.to_thread(ImageBuild, kind="image.build", tag=name, context=context)
    await build(made, ctx)
    try:
        with pytest.raises(ActionError, match=r"could not be pushed: .*refused"):
            await push(ImagePush(kind="image.push", images=(name,)), ctx)
    finally:
        async with connect(await ctx.host.engine()) as api:
            await api.remove_image(name)
