"""Images built and pulled: against a peer that speaks the engine's API, and against real engines."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.actions.engines import BASE
from tests.actions.recorder import Recorder
from tui.actions.image.build import build
from tui.actions.image.layers import Layers
from tui.actions.image.pull import pull
from tui.errors import ActionError
from tui.hosts.local import LocalHost
from tui.plan.steps import ImageBuild, ImagePull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ID = "sha256:" + "ab" * 32


class Peer:
    """An engine's API on a socket, which answers as it is told and keeps what it was asked."""

    def __init__(self, *chunks: bytes, images: dict[str, str] | None = None) -> None:
        self.chunks = chunks
        self.images = images or {}
        self.made: dict[str, str] = {}
        self.query: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.body = b""
        self.answering = asyncio.Event()
        self.held = asyncio.Event()  # until it is set, an answer does not end
        self.held.set()

    async def version(self, _: web.Request) -> web.Response:
        return web.json_response({"Version": "27.1.0", "ApiVersion": "1.46"})

    async def inspect(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.images:
            return web.json_response({"message": f"No such image: {name}"}, status=404)
        return web.json_response({"Id": self.images[name], "Os": "linux", "Architecture": "amd64"})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.query, self.headers = dict(request.query), dict(request.headers)
        self.body = await request.read()
        response = web.StreamResponse()
        await response.prepare(request)
        self.answering.set()
        for chunk in self.chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        await self.held.wait()
        self.images |= self.made
        return response


@contextlib.asynccontextmanager
async def recording(peer: Peer, folder: Path) -> AsyncIterator[Recorder]:
    app = web.Application()
    app.router.add_get("/version", peer.version)
    app.router.add_get("/{version}/images/{name:.+}/json", peer.inspect)
    app.router.add_post("/{version}/{what:build|images/create}", peer.stream)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "engine.sock")).start()
    host = LocalHost({**os.environ, "DOCKER_HOST": f"unix://{folder}/engine.sock"})
    try:
        yield Recorder(folder=folder, cache=folder / "cache", host=host)
    finally:
        await runner.cleanup()


def said(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\r\n" for message in messages)


@pytest.fixture
def step(tmp_path: Path) -> ImageBuild:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {BASE}\n")
    return ImageBuild(kind="image.build", tag="demo:1", context=folder, args={"A": "1"}, target="t")


BUILT = said(
    {"stream": "Step 1/2 : FROM x\n"},
    {"stream": " ---> 0123\n"},
    {"stream": "Step 2/2 : RUN make\n"},
    {"stream": "\x1b[91mwarn"},
    {"stream": "ing\x1b[0m\nhalf"},
    {"stream": " line\n"},
    {"aux": {"ID": ID}},
    {"stream": "Successfully built abababababab\n"},
)


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_build_is_followed_wherever_its_answer_is_cut(
    tmp_path: Path, step: ImageBuild, size: int
) -> None:
    peer = Peer(*(BUILT[at : at + size] for at in range(0, len(BUILT), size)))
    peer.made = {"demo:1": ID}
    async with recording(peer, tmp_path) as ctx:
        done = await build(step, ctx)
    assert (done.note, done.changed) == ("built abababababab", True)
    assert [text for _, text in ctx.lines][2:5] == ["Step 2/2 : RUN make", "warning", "half line"]
    assert [(span.name, span.subject) for span in ctx.spans] == [
        ("send", "context"),
        ("step 1", "FROM x"),
        ("step 2", "RUN make"),
    ]
    assert all(span.closed for span in ctx.spans)
    steps = [(done, total) for done, total, unit, _ in ctx.progressed if unit == "steps"]
    assert steps == [(0, 2), (1, 2), (2, 2)]
    assert ctx.progressed[0][2:] == ("B", "build context")
    assert json.loads(peer.query["buildargs"]) == {"A": "1"}
    assert (peer.query["t"], peer.query["target"], peer.query["forcerm"]) == ("demo:1", "t", "1")
    assert b"Dockerfile" in peer.body


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize(
    ("text", "why"), [(b"", "it does not say why"), (b"<h1>Bad Gateway", "<h1>Bad Gateway")]
)
async def test_an_engine_that_fails_without_json_is_no_bug_of_ours(
    tmp_path: Path, step: ImageBuild, kind: str, text: bytes, why: str
) -> None:
    class Odd(Peer):
        async def stream(self, request: web.Request) -> web.StreamResponse:
            await request.read()
            return web.Response(status=500, content_type=kind, body=text)

    async with recording(Odd(), tmp_path) as ctx:
        with pytest.raises(ActionError, match=f"the engine refused to build demo:1: {why}"):
            await build(step, ctx)


async def test_the_same_image_again_is_no_change(tmp_path: Path, step: ImageBuild) -> None:
    async with recording(Peer(BUILT, images={"demo:1": ID}), tmp_path) as ctx:
        done = await build(step, ctx)
    assert (done.note, done.changed) == ("abababababab is up to date", False)


@pytest.mark.parametrize("answer", [b"", said({"stream": "Step 1/2 : FROM x\n"}), BUILT])
async def test_an_answer_that_ends_early_is_no_success(
    tmp_path: Path, step: ImageBuild, answer: bytes
) -> None:
    async with recording(Peer(answer), tmp_path) as ctx:
        with pytest.raises(ActionError, match="ended without an image"):
            await build(step, ctx)


async def test_a_failed_instruction_is_named_with_its_status_and_last_lines(
    tmp_path: Path, step: ImageBuild
) -> None:
    peer = Peer(
        said(
            {"stream": "Step 3/4 : RUN apt-get update\n"},
            {"stream": " ---> Running in 0123\n"},
            {"stream": "E: Temporary failure resolving 'mirror'\n"},
            {"errorDetail": {"code": 100, "message": "The command … returned a non-zero code: 100"}},
        )
    )
    async with recording(peer, tmp_path) as ctx:
        with pytest.raises(ActionError) as caught:
            await build(step, ctx)
    assert caught.value.cause == "RUN apt-get update returned 100"
    assert caught.value.details[-1] == "E: Temporary failure resolving 'mirror'"
    assert "mirror cannot be reached" in caught.value.hint
    assert all(span.closed for span in ctx.spans)


async def test_what_a_program_in_a_build_says_is_not_taken_for_the_registrys(
    tmp_path: Path, step: ImageBuild
) -> None:
    said_by_npm = {"stream": "npm ERR! 401 unauthorized: authentication required\n"}
    failed = {"errorDetail": {"code": 1, "message": "The command … returned a non-zero code: 1"}}
    async with recording(
        Peer(said({"stream": "Step 2/2 : RUN npm ci\n"}, said_by_npm, failed)), tmp_path
    ) as ctx:
        with pytest.raises(ActionError) as caught:
            await build(step, ctx)
    assert caught.value.hint == "correct the instruction, then run the task again"


async def test_a_program_s_last_line_needs_no_end(tmp_path: Path, step: ImageBuild) -> None:
    said_last = {"stream": "no end"}
    noise, failed = (
        {"stream": "Removing intermediate container 01\n"},
        {"errorDetail": {"code": 1, "message": ""}},
    )
    peer = Peer(said({"stream": "Step 2/2 : RUN x\n"}, said_last, noise, failed))
    async with recording(peer, tmp_path) as ctx:
        with pytest.raises(ActionError) as caught:
            await build(step, ctx)
    assert "no end" in caught.value.details


async def test_a_long_message_is_read(tmp_path: Path, step: ImageBuild) -> None:
    peer = Peer(said({"stream": "\x1b[1m" * 100_000 + "end\n"}), BUILT)
    peer.made = {"demo:1": ID}
    async with recording(peer, tmp_path) as ctx:
        await build(step, ctx)
    assert "end" in ctx.lines[0][1]


async def test_images_that_are_there_are_not_pulled(tmp_path: Path) -> None:
    peer = Peer(images={"redis:7": ID})
    async with recording(peer, tmp_path) as ctx:
        done = await pull(ImagePull(kind="image.pull", images=("redis:7",)), ctx)
    assert not done.changed
    assert peer.query == {}


@pytest.mark.parametrize(
    ("platform", "pulled"),
    [
        (None, False),
        ("linux/amd64", False),
        ("x86_64", False),
        ("linux", False),
        ("linux/arm64", True),
        ("arm64", True),
        ("linux/arm/v7", True),
    ],
)
async def test_an_image_for_another_platform_is_not_there(
    tmp_path: Path, platform: str | None, pulled: bool
) -> None:
    peer = Peer(images={"redis:7": ID})
    async with recording(peer, tmp_path) as ctx:
        done = await pull(ImagePull(kind="image.pull", images=("redis:7",), platform=platform), ctx)
    assert done.changed is pulled
    assert bool(peer.query) is pulled
    assert [f"for {platform}" in warning for warning in ctx.warnings] == [True] * pulled


async def test_builds_and_pulls_heed_the_defaults_of_the_docker_command(
    tmp_path: Path, step: ImageBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/arm64")
    proxies = {"default": {"httpProxy": "http://me:pass@proxy:3128", "noProxy": "localhost", "x": 1}}
    await asyncio.to_thread((tmp_path / "config.json").write_text, json.dumps({"proxies": proxies}))
    peer = Peer(BUILT)
    peer.made = {"demo:1": ID, "redis:7": ID}
    async with recording(peer, tmp_path) as ctx:
        await build(step.model_copy(update={"args": {"http_proxy": "own"}}), ctx)
        built = peer.query
        await pull(ImagePull(kind="image.pull", images=("redis:7",)), ctx)
    assert json.loads(built["buildargs"]) == {
        "HTTP_PROXY": "http://me:pass@proxy:3128",
        "http_proxy": "own",
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }
    assert "pass" in ctx.secrets
    assert built["platform"] == peer.query["platform"] == "linux/arm64"


@pytest.mark.parametrize(("platform", "warns"), [("linux/arm64/v8", True), ("linux/amd64", False)])
async def test_a_build_for_another_platform_than_is_wanted_is_told(
    tmp_path: Path, step: ImageBuild, platform: str, warns: bool
) -> None:
    peer = Peer(BUILT)
    peer.made = {"demo:1": ID}
    async with recording(peer, tmp_path) as ctx:
        await build(step.model_copy(update={"platform": (platform,)}), ctx)
    assert [f"made for linux/amd64, not {platform}" in warning for warning in ctx.warnings] == [True] * warns


async def test_a_pull_tells_bytes_and_uses_the_users_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    auth = base64.b64encode(b"me:secret").decode()
    config = json.dumps({"auths": {"quay.example": {"auth": auth}}})
    await asyncio.to_thread((tmp_path / "config.json").write_text, config)
    layer = {"id": "layer", "status": "Downloading"}
    peer = Peer(
        said(
            {"id": "layer", "status": "Pulling fs layer", "progressDetail": {}},
            layer | {"progressDetail": {"current": 10, "total": 100}},
            layer | {"progressDetail": {"current": 60, "total": 100}},
            {"id": "layer", "status": "Download complete", "progressDetail": {}},
            {"status": "Status: Downloaded newer image"},
        )
    )
    peer.made = {"quay.example/a/b": ID}
    async with recording(peer, tmp_path) as ctx:
        done = await pull(ImagePull(kind="image.pull", images=("quay.example/a/b",)), ctx)
    assert done.note == "pulled quay.example/a/b"
    assert peer.query["fromImage"] == "quay.example/a/b:latest"
    assert json.loads(base64.urlsafe_b64decode(peer.headers["X-Registry-Auth"]))["username"] == "me"
    assert set(ctx.secrets) == {"secret", "me:secret", auth}
    assert [(done, total, unit) for done, total, unit, _ in ctx.progressed] == [
        (0, None, "B"),
        (10, 100, "B"),
        (60, 100, "B"),
        (100, 100, "B"),
    ]
    assert [(span.name, span.subject, span.closed) for span in ctx.spans] == [
        ("pull", "quay.example/a/b", True)
    ]


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "limits pulls"),
        ("unauthorized: authentication required", "log in"),
        ("manifest unknown", "check the image's name and tag"),
        ("dial tcp: lookup registry: no such host", "cannot be reached"),
        ("write /var/lib: no space left on device", "make room"),
    ],
)
async def test_a_failed_pull_says_what_helps(tmp_path: Path, reason: str, hint: str) -> None:
    async with recording(Peer(said({"error": reason})), tmp_path) as ctx:
        with pytest.raises(ActionError) as caught:
            await pull(ImagePull(kind="image.pull", images=("demo:1",)), ctx)
    assert caught.value.cause == f"demo:1 could not be pulled: {reason}"
    assert hint in caught.value.hint


async def test_every_failed_pull_is_told(tmp_path: Path) -> None:
    async with recording(Peer(said({"error": "manifest unknown"})), tmp_path) as ctx:
        with pytest.raises(ActionError) as caught:
            await pull(ImagePull(kind="image.pull", images=("a:1", "b:1")), ctx)
    assert caught.value.cause == "2 of 2 images could not be pulled"
    assert [detail.partition(" ")[0] for detail in caught.value.details] == ["a:1", "b:1"]


async def test_at_the_deadline_a_build_says_where_it_was(tmp_path: Path, step: ImageBuild) -> None:
    peer = Peer(said({"stream": "Step 1/2 : RUN sleep\n"}))
    peer.held.clear()
    async with recording(peer, tmp_path) as ctx:
        ctx.deadline = asyncio.get_running_loop().time() + 0.5
        with pytest.raises(ActionError) as caught:
            await build(step, ctx)
        peer.held.set()
    assert caught.value.cause == "the build was still at RUN sleep when the time was up"


async def test_at_the_deadline_a_pull_says_what_it_lacked(tmp_path: Path) -> None:
    peer = Peer()
    peer.held.clear()
    async with recording(peer, tmp_path) as ctx:
        ctx.deadline = asyncio.get_running_loop().time() + 0.5
        with pytest.raises(ActionError) as caught:
            await pull(ImagePull(kind="image.pull", images=("b:1", "a:1")), ctx)
        peer.held.set()
    assert caught.value.cause == "a:1, b:1 still had to be pulled when the time was up"


async def test_a_cancelled_build_ends_at_once(tmp_path: Path, step: ImageBuild) -> None:
    peer = Peer(BUILT)
    peer.held.clear()
    async with recording(peer, tmp_path) as ctx:
        building = asyncio.create_task(build(step, ctx))
        await peer.answering.wait()
        building.cancel()
        await asyncio.wait({building}, timeout=20)
        peer.held.set()
    assert building.cancelled()
    assert all(span.closed for span in ctx.spans)


def test_a_total_is_told_once_all_layers_have_one() -> None:
    layers = Layers()
    layers.take({"id": "a", "status": "Pulling fs layer"})
    layers.take({"id": "b", "status": "Downloading", "progressDetail": {"current": 5, "total": 10}})
    assert (layers.done, layers.total) == (5, None)
    layers.take({"id": "a", "status": "Downloading", "progressDetail": {"current": 1, "total": 2}})
    assert (layers.done, layers.total) == (6, 12)
    assert not layers.take({"id": "c", "status": "Already exists"})


UNSEEN = """\
#!/bin/sh
[ "$2" = version ] && exit
name='"name": "[internal] load metadata for docker.io/shop/base:dev", "error": "pull access denied"'
echo '{"vertexes": [{"digest": "a", '"$name"', "started": "1", "completed": "2"}]}'
exit 1
"""


@pytest.mark.parametrize(("there", "hint"), [("shop/base:dev", "`builder: default`"), ("x", "docker login")])
async def test_a_base_that_only_the_engine_has_is_told_where_another_builder_misses_it(
    tmp_path: Path, step: ImageBuild, there: str, hint: str
) -> None:
    await asyncio.to_thread((tmp_path / "docker").write_text, UNSEEN)
    await asyncio.to_thread((tmp_path / "docker").chmod, 0o755)
    async with recording(Peer(images={f"docker.io/{there}": ID}), tmp_path) as ctx:
        ctx.host = LocalHost({"DOCKER_HOST": f"unix://{tmp_path}/engine.sock", "PATH": str(tmp_path)})
        with pytest.raises(ActionError, match="base:dev: pull access denied") as caught:
            await build(step.model_copy(update={"builder": "far"}), ctx)
    assert hint in caught.value.hint


async def test_what_needs_buildx_where_there_is_none_is_told(tmp_path: Path, step: ImageBuild) -> None:
    text = f"FROM {BASE}\n\nRUN --mount=type=ssh true\n"
    await asyncio.to_thread((step.context / "Dockerfile").write_text, text)
    async with recording(Peer(), tmp_path) as ctx:
        ctx.host = LocalHost({"DOCKER_HOST": f"unix://{tmp_path}/engine.sock", "PATH": str(tmp_path)})
        with pytest.raises(ActionError) as caught:
            await build(step, ctx)
        assert caught.value.cause == "Dockerfile:3: RUN --mount needs buildx, which is not there"
        assert "buildx plugin" in caught.value.hint
        with pytest.raises(ActionError, match="`builder` of the step needs buildx, which is not there"):
            await build(step.model_copy(update={"builder": "far"}), ctx)
        with pytest.raises(ActionError, match="RUN --mount needs buildx") as caught:
            await build(step.model_copy(update={"builder": "engine"}), ctx)
        assert caught.value.hint == "leave `builder: engine` out"
