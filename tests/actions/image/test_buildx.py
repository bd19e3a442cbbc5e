"""Builds by a real buildx, here and over SSH, and what it prints, followed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.engines import BASE, need_image, running
from tests.actions.image.test_real_engines import leftovers, processes
from tests.actions.recorder import Recorder
from tests.contract.fixtures import client, sshd, user_key
from tests.contract.places import remote
from tests.plan.writing import faults_of, one_step, write
from tui.actions.image.build import build
from tui.actions.image.vertices import Vertices
from tui.errors import ActionError
from tui.hosts.lines import LineSplitter
from tui.hosts.local import LocalHost
from tui.plan.steps import ImageBuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.contract.servers import Sshd
    from tui.hosts.host import Host

__all__ = ["client", "sshd", "user_key"]

DOCKERFILE = f"""FROM {BASE} AS base
ARG WHO
RUN --mount=type=cache,target=/cache echo "hello $WHO"; echo done >&2
FROM base
COPY --from=base /etc/hostname /name
COPY a.txt /a.txt
RUN --mount=type=secret,id=token --mount=type=secret,id=file \\
  cat /run/secrets/token /run/secrets/file; test ! -e /kept.out
"""


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Recorder]:
    with running("docker") as environment:
        if subprocess.run(("docker", "buildx", "version"), capture_output=True, check=False).returncode:
            pytest.skip("buildx is not installed")
        need_image(BASE)
        yield Recorder(folder=tmp_path, cache=tmp_path / "cache", host=LocalHost(environment))


@pytest.fixture
async def tag(ctx: Recorder) -> AsyncIterator[str]:
    name = f"bringup-test-{uuid.uuid4().hex[:8]}:1"
    here = ctx.host
    yield name
    async with (await here.engine()).client() as docker:
        with contextlib.suppress(Exception):  # a test that builds nothing leaves nothing
            await docker.images.delete(name, force=True)


def _building(folder: Path, tag: str, dockerfile: str, **fields: Any) -> ImageBuild:
    context = folder / "with a, comma"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(dockerfile)
    for name, text in {"a.txt": uuid.uuid4().hex, "kept.out": "", ".dockerignore": "*.out\n"}.items():
        if not (context / name).exists():
            (context / name).write_text(text)
    (folder / "a, file").write_text("in-a-file-Ab1\n")
    return ImageBuild.model_validate({"kind": "image.build", "tag": tag, "context": context, **fields})


@pytest.fixture(params=["here", "over SSH"])
def host(request: pytest.FixtureRequest, ctx: Recorder) -> Host:
    if request.param == "here":
        return ctx.host
    server: Sshd = request.getfixturevalue("sshd")
    return remote(server, request.getfixturevalue("client")).host()


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_what_needs_buildkit_is_built_by_buildx_and_found_built(
    ctx: Recorder, host: Host, tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx.host = host
    await host.connect()
    monkeypatch.setenv("TOKEN_OF_TESTS", "in-a-variable-Zz9")
    secrets = [{"id": "token", "env": "TOKEN_OF_TESTS"}, {"id": "file", "file": str(tmp_path / "a, file")}]
    ctx.secret(secret := f"a secret argument {uuid.uuid4()}")
    step = await asyncio.to_thread(
        _building, tmp_path, tag, DOCKERFILE, args={"WHO": secret}, secrets=secrets
    )
    assert (await build(step, ctx)).changed
    assert ("base", f"hello {secret}") in ctx.lines
    assert {"in-a-variable-Zz9", "in-a-file-Ab1"} <= set(ctx.secrets)
    spans = {span.name: span for span in ctx.spans}
    assert spans["step stage-1 2/3"].subject == "COPY a.txt /a.txt"
    assert all(span.closed for span in ctx.spans)
    assert ctx.progressed[-1][:3] == (5, 5, "steps")
    ctx.spans.clear()
    assert not (await build(step, ctx)).changed
    assert {"cached base 2/2", "cached stage-1 3/3"} <= {span.name for span in ctx.spans}
    await host.close()


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_the_instruction_that_failed_is_told_with_its_line(
    ctx: Recorder, tag: str, tmp_path: Path
) -> None:
    lines = (
        f"FROM {BASE}\nENV A=1\n\nRUN --mount=type=cache,target=/c true\n# no\nRUN echo why; \\\n  exit 3\n"
    )
    with pytest.raises(ActionError) as caught:
        await build(await asyncio.to_thread(_building, tmp_path, tag, lines), ctx)
    assert caught.value.cause == "Dockerfile:6: RUN echo why; exit 3 returned 3"
    assert caught.value.details == ("why",)
    lines = f"FROM {BASE}\nRUN --mount=type=cache,target=/c true\nCOPY nothing /x\n"
    with pytest.raises(
        ActionError, match=r'Dockerfile:3: COPY nothing /x: .*"/nothing".* not found'
    ) as caught:
        await build(await asyncio.to_thread(_building, tmp_path, tag, lines), ctx)
    assert caught.value.hint.startswith("there is no nothing in ")
    step = await asyncio.to_thread(_building, tmp_path, tag, f"FROM {BASE}\n", builder="nobody-made-it")
    with pytest.raises(ActionError, match='no builder "nobody-made-it" found') as caught:
        await build(step, ctx)
    assert "docker buildx create" in caught.value.hint


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_a_cancelled_build_ends(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    mark = f"sleep 4{uuid.uuid4().int % 10**9}"
    lines = f"FROM {BASE}\nRUN --mount=type=cache,target=/c {mark}\n"
    step = await asyncio.to_thread(_building, tmp_path, tag, lines)
    building = asyncio.create_task(build(step, ctx))
    while not await asyncio.to_thread(processes, mark) and not building.done():
        await asyncio.wait({building}, timeout=0.05)
    assert not building.done()
    building.cancel()
    await asyncio.wait({building}, timeout=5)
    assert building.cancelled()
    for _ in range(100):
        if not await leftovers(ctx, mark):
            break
        await asyncio.sleep(0.05)
    assert await leftovers(ctx, mark) == []


@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_a_build_out_of_time_tells_what_it_was_at(ctx: Recorder, tag: str, tmp_path: Path) -> None:
    mark = f"sleep 5{uuid.uuid4().int % 10**9}"
    lines = f"FROM {BASE}\nRUN --mount=type=cache,target=/c echo begun; {mark}\n"
    step = await asyncio.to_thread(_building, tmp_path, tag, lines)
    ctx.deadline = asyncio.get_running_loop().time() + 4
    with pytest.raises(ActionError, match=r"still at \[.*2/2\] RUN .* when the time was up") as caught:
        await build(step, ctx)
    assert caught.value.details[-1] == "begun"


def _vertex(digest: str, name: str, **more: Any) -> dict[str, Any]:
    return {"vertexes": [{"digest": digest, "name": name, **more}]}


def _printed(digest: str, data: bytes, stream: int = 1) -> dict[str, Any]:
    return {"logs": [{"vertex": digest, "stream": stream, "data": base64.b64encode(data).decode()}]}


SAID = [
    _vertex("a", "[internal] load build definition from Dockerfile", started="1"),
    _vertex("a", "[internal] load build definition from Dockerfile", started="1", completed="2"),
    _vertex("f", "[linux/arm64 make 1/2] FROM x", started="1", completed="1", cached=True),
    _vertex("b", "[linux/arm64 make 2/2] RUN make  all", started="2"),
    _printed("b", "\x1b[31mhalf an ü".encode()[:-1]),
    _printed("b", "ü".encode()[1:] + b"\x1b[0m line\r\nprogress 1\rprogress 2\r" + b"x" * 100_000 + b"\n"),
    _printed("b", b"no end", stream=2),
    {
        "warnings": [
            {"vertex": "b", "short": base64.b64encode(b"odd").decode(), "range": [{"start": {"line": 4}}]}
        ]
    },
    _vertex("c", "[linux/amd64 make 2/2] RUN make all", started="2", completed="3", error="context canceled"),
    _vertex(
        "b", "[linux/arm64 make 2/2] RUN make  all", started="2", completed="3", error="sh: exit code: 2"
    ),
]
STAGES = (
    b"FROM x AS other\nRUN no\nFROM x AS make\nWORKDIR /y\nENV A=1\nRUN make \\\n all\nFROM make\nCOPY a b\n"
)


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_build_is_followed_wherever_its_output_is_cut(tmp_path: Path, size: int) -> None:
    ctx = Recorder(folder=tmp_path, cache=tmp_path)
    output = Vertices(ctx, "Dockerfile", STAGES)
    splitter = LineSplitter()
    data = (
        "".join(f"{json.dumps(each)}\n" for each in SAID).encode() + b"ERROR: failed to solve: no\n{no JSON\n"
    )
    for start in range(0, len(data), size):
        output.take(splitter.feed(data[start : start + size]))
    lines = [text for source, text in ctx.lines if source == "arm64 make"]
    assert [line[:11] for line in lines] == [
        "half an ü l",
        "progress 1",
        "progress 2",
        *["x" * 11] * 2,
        "no end",
    ]
    assert ("", "warning: Dockerfile:4: odd") in ctx.lines
    assert ("", "[linux/arm64 make 1/2] FROM x: cached") in ctx.lines
    assert [(span.name, span.closed) for span in ctx.spans] == [
        ("load", True), ("cached linux/arm64 make 1/2", True), ("step linux/arm64 make 2/2", True),
    ]  # fmt: skip
    error = output.failure()
    assert error.cause == "Dockerfile:6: RUN make all returned 2"
    assert error.details[-1] == "no end"


WORDS = {
    "ERROR: failed to build: failed to solve: rpc error: code = Unknown desc = failed to solve with frontend "
    "dockerfile.v0: failed to create LLB definition: dockerfile parse error line 6: unknown instruction: A": (
        "Dockerfile:6: unknown instruction: A",
        "upgrade Docker",
    ),
    "ERROR: failed to solve: dockerfile parse error on line 2: unknown flag: parents": (
        "Dockerfile:2: unknown flag: parents",
        "upgrade Docker",
    ),
    "ERROR: docker exporter does not currently support exporting manifest lists": (
        "the build failed: docker exporter does not currently support exporting manifest lists",
        "one `platform`",
    ),
    "panic": ("the build failed: panic", ""),
}


@pytest.mark.parametrize("line", WORDS)
def test_what_buildx_says_itself_is_told_in_short(tmp_path: Path, line: str) -> None:
    output = Vertices(Recorder(folder=tmp_path, cache=tmp_path), "Dockerfile", b"")
    output.take([line])
    assert output.failure().cause == WORDS[line][0]
    assert WORDS[line][1] in output.failure().hint


def test_a_frontend_that_cannot_be_pulled_is_told_to_be_one(tmp_path: Path) -> None:
    output = Vertices(Recorder(folder=tmp_path, cache=tmp_path), "Dockerfile", b"")
    name = "resolve image config for docker-image://docker.io/docker/dockerfile:1"
    said = _vertex("a", name, started="1", completed="2", error="dial tcp: lookup x: no such host")
    output.take([json.dumps(said)])
    assert "`# syntax=`" in output.failure().hint


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Recorder]:
    with running("podman") as environment:
        yield Recorder(folder=tmp_path, cache=tmp_path / "cache", host=LocalHost(environment))


@pytest.mark.e2e
async def test_podman_refuses_what_it_has_no_buildx_for(podman: Recorder, tmp_path: Path) -> None:
    step = await asyncio.to_thread(_building, tmp_path, "a:1", "FROM scratch\n", ssh=["default"])
    with pytest.raises(ActionError, match="Podman has no buildx, which `ssh` of the step needs") as caught:
        await build(step, podman)
    assert caught.value.hint


WRONG = {
    "builder: engine, ▶ssh: default": "`ssh` needs buildx",
    "secrets: ▶{id: a}": "the secret 'a' has not one place",
    "secrets: {id: a, file: ▶nowhere}": "no such file",
    "secrets: {id: ▶'a,b', env: A}": "id",
    "builder: ▶--push": "builder",
}


@pytest.mark.parametrize("more", WRONG)
def test_what_cannot_be_built_is_told_before_anything_runs(tmp_path: Path, more: str) -> None:
    (tmp_path / "Dockerfile").touch()
    faults = faults_of(write(tmp_path, one_step(f"{{kind: image.build, tag: 'a:1', context: ., {more}}}")))
    assert any(WRONG[more] in fault.cause for fault in faults), faults
