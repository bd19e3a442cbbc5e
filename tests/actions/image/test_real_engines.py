"""Images built and pulled by real engines."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.actions.engines import BASE, give_to_podman, need_image, running
from tests.actions.recorder import Recorder
from tests.clients.registries import PASSWORD, serving
from tui.actions.image.build import build
from tui.actions.image.pull import pull
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.steps import ImageBuild, ImagePull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="module", params=["docker", "podman"])
def environment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with running(request.param) as environment:
        need_image(BASE)
        if request.param == "podman":
            give_to_podman(BASE, environment)
        yield environment


@pytest.fixture
async def ctx(environment: dict[str, str], tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", host=LocalHost(environment))


@pytest.fixture
async def tag(ctx: Recorder) -> AsyncIterator[str]:
    name = f"bringup-test-{uuid.uuid4().hex[:8]}:1"
    yield name
    engine = await ctx.host.engine()
    async with engine.client() as docker:
        with contextlib.suppress(Exception):  # a test that builds nothing leaves nothing
            await docker.images.delete(name, force=True)


def dockerfile(folder: Path, *lines: str) -> Path:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("\n".join((f"FROM {BASE}", *lines)) + "\n")
    return context


async def image_step(folder: Path, tag: str, *lines: str) -> ImageBuild:
    context = await asyncio.to_thread(dockerfile, folder, *lines)
    return await asyncio.to_thread(ImageBuild, kind="image.build", tag=tag, context=context)


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_an_engine_builds_and_finds_it_built(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    step = await image_step(tmp_path, tag, "RUN echo one && echo two >&2", "COPY . /context")
    first = await build(step, ctx)
    assert first.changed
    assert {"one", "two"} <= {text for _, text in ctx.lines}
    assert [span.name for span in ctx.spans] == ["send", "step 1", "step 2", "step 3"]
    assert ctx.progressed[-1][:2] == (3, 3)
    again = await build(step, ctx)
    assert not again.changed


ODD_DOCKERFILE = f"""\ufeffFROM {BASE}\r
COPY . /c\r
RUN set -e; cd /c; test -p fifo; test "$(readlink dangling)" = /nowhere; test -x run; \\\r
  test $(stat -c %s sparse) = 3000000; ls | grep -c . | grep -qx 9; test $(ls {"l" * 200} | wc -c) = 201\r
"""


def odd_context(folder: Path) -> Path:
    context = folder / "context"
    (context / ("l" * 200)).mkdir(parents=True)
    (context / ("l" * 200) / ("n" * 200)).touch()
    os.mkfifo(context / "fifo")
    (context / "dangling").symlink_to("/nowhere")
    (context / "run").touch(0o755)
    (context / "hard").hardlink_to(context / "run")
    (context / "sparse").touch()
    os.truncate(context / "sparse", 3_000_000)
    (context / os.fsdecode(b"bad-\xff")).touch()
    (context / "ünï code").touch()
    (context / "Dockerfile").write_text(ODD_DOCKERFILE, newline="")
    return context


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_an_engine_takes_odd_files(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    context = await asyncio.to_thread(odd_context, tmp_path)
    step = await asyncio.to_thread(ImageBuild, kind="image.build", tag=tag, context=context)
    await build(step, ctx)


def push_private(directory: Path, address: str) -> str:
    """Push an image that nobody may pull without a login; returns its name."""
    name = f"{address}/team/app:1"
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    variables = {**os.environ, "DOCKER_CONFIG": str(directory)}

    def docker(*argv: str, given: bytes = b"") -> None:
        subprocess.run(("docker", *argv), input=given, env=variables, check=True, capture_output=True)

    docker("import", "-", name, given=empty.getvalue())
    docker("login", "--username", "me", "--password-stdin", address, given=PASSWORD.encode())
    docker("push", name)
    docker("rmi", name)
    return name


@pytest.fixture
def private(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An image that wants a login, and the variables of its engine."""
    with running("docker") as variables, serving(tmp_path) as address:
        name = push_private(tmp_path, address)
        yield name, variables
        subprocess.run(("docker", "rmi", name), capture_output=True, check=False)


@pytest.mark.e2e
async def test_an_engine_pulls_with_the_users_login(
    private: tuple[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, variables = private
    step = ImagePull(kind="image.pull", images=(name,))
    recorder = Recorder(folder=tmp_path, cache=tmp_path / "cache", host=LocalHost(variables))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    with pytest.raises(ActionError) as caught:
        await pull(step, recorder)
    assert "log in" in caught.value.hint
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert (await pull(step, recorder)).note == f"pulled {name}"


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_an_engine_tells_which_instruction_failed(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    step = await image_step(tmp_path, tag, "RUN echo reason; exit 7")
    with pytest.raises(ActionError) as caught:
        await build(step, ctx)
    assert caught.value.cause == "RUN echo reason; exit 7 returned 7"
    assert "reason" in caught.value.details


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_a_cancelled_build_leaves_no_container(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    mark = f"sleep 3{uuid.uuid4().int % 10**9}"
    building = asyncio.create_task(build(await image_step(tmp_path, tag, f"RUN {mark}"), ctx))
    while not await asyncio.to_thread(processes, mark) and not building.done():
        await asyncio.wait({building}, timeout=0.05)
    assert not building.done()
    building.cancel()
    await asyncio.wait({building}, timeout=2)
    assert building.cancelled()
    for _ in range(60):
        if not await leftovers(ctx, mark):
            break
        await asyncio.sleep(0.05)
    assert await leftovers(ctx, mark) == []
    assert ctx.warnings == []


async def leftovers(ctx: Recorder, mark: str) -> list[str]:
    engine = await ctx.host.engine()
    async with engine.client() as docker:
        listed = await docker._query_json("containers/json", params={"all": "true"})
    containers = [each["Id"] for each in listed if mark in str(each.get("Command"))]
    return containers + await asyncio.to_thread(processes, mark)


def processes(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0") == mark.encode().split():
                found.append(process.name)
    return found
