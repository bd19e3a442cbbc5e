"""Images in the container engine: built and pulled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.actions.build_context import read_context
from tui.clients.engine_api import LOST, Layers, find_image, messages, short
from tui.clients.podman_build import end_marked, new_mark
from tui.clients.registry import encode, for_builds, login_files, read_logins, with_tag
from tui.deadline import in_time
from tui.errors import ActionError
from tui.hosts.lines import LineSplitter
from tui.plan.failures import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiodocker import Docker

    from tui.actions.build_context import BuildContext
    from tui.actions.context import Context
    from tui.clients.registry import Login, Logins
    from tui.hosts.container_engine import ContainerEngine
    from tui.plan.steps import ImageBuild, ImagePull
    from tui.reporter import Span

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?(?:Step|STEP) (?P<number>\d+)/(?P<count>\d+)\s?: (?P<instruction>.*)$")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_STATUS = re.compile(r"returned a non-zero code: (\d+)|exit status (\d+)")
_NOISE = re.compile(r" ---> |Removing intermediate container |-->")
_KEPT = 20  # lines shown with an error
_AT_ONCE = 4  # pulls
_LINGERING = 1.5  # seconds to find what a cancelled build still runs


async def build(step: ImageBuild, ctx: Context) -> Done:
    """Builds an image with the engine's own builder.

    Raises:
        ActionError: It could not be built; the details are the build's last lines.
    """
    engine = await ctx.host.engine()
    context = await asyncio.to_thread(read_context, step.context, step.dockerfile)
    following = _Build(ctx)
    mark = new_mark() if engine.flavour == "podman" else ""
    async with engine.client() as docker:
        before = await find_image(docker, step.tag)
        with contextlib.closing(following):
            try:
                async with in_time(ctx, following.state, lambda: following.lines):
                    await _send(engine, docker, ctx, step, context, following, mark)
            except asyncio.CancelledError:
                if mark and not (ctx.host.shares_kernel and await end_marked(mark, _LINGERING)):
                    ctx.warn(f"Podman may go on with the build of {step.tag} until its instruction ends")
                raise
        after = await find_image(docker, step.tag)
    identity = str((after or {}).get("Id", ""))
    if not identity or short(identity) != short(following.identity):
        raise ActionError(
            f"the build of {step.tag} ended without an image",
            LOST,
            tuple(following.lines),
        )
    if before is not None and before["Id"] == identity:
        return Done(f"{short(identity)} is up to date", changed=False)
    return Done(f"built {short(identity)}")


async def _send(
    engine: ContainerEngine,
    docker: Docker,
    ctx: Context,
    step: ImageBuild,
    context: BuildContext,
    following: _Build,
    mark: str,
) -> None:
    from aiodocker import DockerError
    from aiohttp import ClientError, ClientTimeout

    params = {"t": step.tag, "dockerfile": context.dockerfile, "rm": "1", "forcerm": "1"}
    if step.args:
        params["buildargs"] = json.dumps(step.args)
    if step.target:
        params["target"] = step.target
    if step.platform:
        params["platform"] = step.platform
    if mark:
        params["extrahosts"] = json.dumps([f"{mark}:127.0.0.1"])
    logins = await _logins(engine)
    registries = for_builds(await _all_logins(ctx, logins), engine.flavour)
    headers = {"Content-Type": "application/x-tar", "X-Registry-Config": encode(registries)}
    body = _Body(context)
    try:
        async with docker._query(
            "build", "POST", params=params, data=body.stream(), headers=headers, timeout=ClientTimeout()
        ) as response:
            try:
                async for message in messages(response):
                    following.take(message)
            finally:
                response.close()  # the engine ends a build that nobody listens to
    except DockerError as error:
        if body.fault is not None:
            raise body.fault from error
        raise ActionError(
            f"the engine refused to build {step.tag}: {error.message}", hint_for(error.message, step.kind)
        ) from error
    except ClientError as error:
        if body.fault is not None:
            raise body.fault from error
        raise ActionError(
            f"the connection to the engine was lost during the build of {step.tag}: {error}",
            LOST,
            tuple(following.lines),
        ) from error


class _Body:
    """A context on its way to the engine, which remembers why it could not be read."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self.fault: ActionError | None = None

    async def stream(self) -> AsyncIterator[bytes]:
        pieces = self._context.pack()
        try:
            while piece := await asyncio.to_thread(next, pieces, b""):
                yield piece
        except ActionError as fault:
            self.fault = fault
            raise


class _Build:
    """Follows a build's messages: tells its lines, and makes spans and progress of its steps."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._splitter = LineSplitter()
        self._span: Span | None = None
        self._instruction = ""
        self._count = 0
        self._layers = Layers()
        self.identity = ""
        self.lines: deque[str] = deque(maxlen=_KEPT)

    def take(self, message: dict[str, Any]) -> None:
        """Takes a message.

        Raises:
            ActionError: It says that the build failed.
        """
        if "error" in message or "errorDetail" in message:
            raise self._failure(message)
        if "stream" in message:
            self._tell(self._splitter.feed(str(message["stream"]).encode()))
        elif "aux" in message:
            self.identity = str((message["aux"] or {}).get("ID", "")) or self.identity
        elif "status" in message:
            self._status(message)

    def state(self) -> str:
        """What it is doing."""
        return f"the build was still at {self._instruction or 'its start'}"

    def close(self) -> None:
        """Ends the step that it is at."""
        self._tell(self._splitter.close())
        if self._span is not None:
            self._span.close()

    def _tell(self, raw: list[str]) -> None:
        lines = [line for line in (_ESCAPE.sub("", each) for each in raw) if line.strip()]
        if lines:
            self._ctx.log(lines)
        for line in lines:
            self._read(line)

    def _read(self, line: str) -> None:
        if not _NOISE.match(line):
            self.lines.append(line)
        step = _STEP.match(line)
        if step is not None:
            self._begin(int(step["number"]), int(step["count"]), step["instruction"])
        elif line.startswith("Successfully built ") and self._count:
            self._ctx.progress(self._count, self._count, "steps")

    def _begin(self, number: int, count: int, instruction: str) -> None:
        if self._span is not None:
            self._span.close()
        self._instruction, self._count = instruction, count
        self._span = self._ctx.span(f"step {number}", instruction)
        self._ctx.progress(number - 1, count, "steps", instruction)

    def _status(self, message: dict[str, Any]) -> None:
        if self._layers.take(message):
            self._ctx.progress(self._layers.done, self._layers.total, "B", "pull")
        else:
            self._tell([" ".join(filter(None, (str(message.get("id", "")), str(message["status"]))))])

    def _failure(self, message: dict[str, Any]) -> ActionError:
        self._tell(self._splitter.close())
        detail = message.get("errorDetail") or {}
        text = _ESCAPE.sub("", str(detail.get("message") or message.get("error"))).strip()
        status = detail.get("code") or next((a or b for a, b in _STATUS.findall(text)), None)
        if status and self._instruction.startswith("RUN"):
            cause = f"{self._instruction} returned {status}"
        else:
            cause = f"the build failed at {self._instruction or 'its start'}: {text}"
        details = tuple(self.lines) if text in cause or "non-zero code" in text else (*self.lines, text)
        return ActionError(cause, hint_for("\n".join((*self.lines, text)), "image.build"), details)


async def _logins(engine: ContainerEngine) -> Logins:
    return await read_logins(login_files(os.environ, Path.home(), engine.flavour))


async def _login_for(ctx: Context, logins: Logins, image: str) -> Login | None:
    """Find the user's login for an image, and have it masked."""
    login = await logins.find(image)
    _tell(ctx, logins, [login] if login else [])
    return login


async def _all_logins(ctx: Context, logins: Logins) -> dict[str, Login]:
    """Return all of the user's logins, as a Dockerfile may name any registry, and have them masked."""
    found = await logins.all()
    _tell(ctx, logins, found.values())
    return found


def _tell(ctx: Context, logins: Logins, found: Iterable[Login]) -> None:
    for login in found:
        for secret in login.secrets():
            ctx.secret(secret)
    while logins.problems:
        ctx.warn(logins.problems.pop(0))


async def pull(step: ImagePull, ctx: Context) -> Done:
    """Pulls those images that the engine does not have, some at once.

    Raises:
        ActionError: Some could not be pulled; all the others are, first.
    """
    engine = await ctx.host.engine()
    async with engine.client() as docker:
        names = list(dict.fromkeys(step.images))
        absent = [name for name in names if await find_image(docker, name) is None]
        pulls = _Pulls(docker, ctx, step.platform, await _logins(engine))
        async with in_time(ctx, pulls.state):
            ends = await asyncio.gather(*(pulls.pull(name) for name in absent), return_exceptions=True)
    faults = [end for end in ends if isinstance(end, BaseException)]
    for fault in faults:
        if not isinstance(fault, ActionError):
            raise fault
    errors = [fault for fault in faults if isinstance(fault, ActionError)]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        cause = f"{len(errors)} of {len(absent)} images could not be pulled"
        raise ActionError(cause, errors[0].hint, tuple(error.cause for error in errors)) from errors[0]
    if not absent:
        return Done("the engine has them all", changed=False)
    return Done(f"pulled {', '.join(absent)}")


class _Pulls:
    """Pulls that run at once and tell of their progress as one."""

    def __init__(self, docker: Docker, ctx: Context, platform: str | None, logins: Logins) -> None:
        self._logins = logins
        self._docker = docker
        self._ctx = ctx
        self._platform = platform
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._layers = Layers()
        self._open: set[str] = set()

    def state(self) -> str:
        """What it is doing."""
        return f"{', '.join(sorted(self._open))} still had to be pulled"

    async def pull(self, name: str) -> None:
        """Pulls an image.

        Raises:
            ActionError: It could not be pulled.
        """
        from aiodocker import DockerError
        from aiohttp import ClientError, ClientTimeout

        self._open.add(name)
        login = await _login_for(self._ctx, self._logins, name)
        params = {"fromImage": with_tag(name)} | ({"platform": self._platform} if self._platform else {})
        headers = {"X-Registry-Auth": encode(login.for_engine())} if login else {}
        try:
            async with self._free:
                with self._ctx.span("pull", name):
                    async with self._docker._query(
                        "images/create", "POST", params=params, headers=headers, timeout=ClientTimeout()
                    ) as response:
                        try:
                            await self._follow(name, messages(response))
                        finally:
                            response.close()  # the engine ends a pull that nobody listens to
                    if await find_image(self._docker, name) is None:
                        raise _not_pulled(name, "the engine ended it without an image")
        except DockerError as error:
            raise _not_pulled(name, error.message) from error
        except ClientError as error:
            raise ActionError(
                f"{name} could not be pulled: the connection to the engine was lost: {error}",
                LOST,
            ) from error
        self._open.discard(name)

    async def _follow(self, name: str, said: AsyncIterator[dict[str, Any]]) -> None:
        async for message in said:
            if "error" in message or "errorDetail" in message:
                detail = message.get("errorDetail") or {}
                raise _not_pulled(name, str(detail.get("message") or message.get("error")))
            if self._layers.take(message):
                self._ctx.progress(self._layers.done, self._layers.total, "B", "pull")
            elif text := str(message.get("status") or message.get("stream") or "").strip():
                self._ctx.log(text, source=name)


def _not_pulled(name: str, reason: str) -> ActionError:
    return ActionError(f"{name} could not be pulled: {reason}", hint_for(reason, "image.pull"))
