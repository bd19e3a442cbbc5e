"""Builds by `docker buildx build`, of what BuildKit alone can build, on a task's host."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui.actions.image.dockerfile import needs_buildkit
from tui.actions.image.pieces import pieces_of
from tui.actions.image.vertices import Vertices
from tui.deadline import in_time
from tui.errors import ActionError
from tui.hosts.host import at
from tui.plan.failures import KNOWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import PurePath

    from tui.actions.context import Context
    from tui.actions.image.build_context import BuildContext
    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.plan.steps import ImageBuild
    from tui.plan.steps.image import BuildSecret

_FROM_TAR = 'tar=$1; shift; exec "$@" - <"$tar"'
_MOST_SECRET = 1 << 16  # bytes of a file that is masked


async def is_wanted(step: ImageBuild, dockerfile: bytes, engine: ContainerEngine, host: Host) -> bool:
    """Return whether buildx is to build.

    Args:
        step: The build.
        dockerfile: What is in its Dockerfile.
        engine: The container engine of the host that it runs on.
        host: That host.

    Raises:
        ActionError: It is, but cannot.
    """
    reason = f"{step.buildx_for} of the step" if step.buildx_for else ""
    if engine.flavour == "podman":
        if reason:
            hint = "leave it out, or use Docker: Podman builds by itself what else needs BuildKit"
            raise ActionError(f"Podman has no buildx, which {reason} needs", hint)
        return False
    if not reason and (found := needs_buildkit(dockerfile)):
        reason = f"{dockerfile_of(step)}:{found}"
    if not reason:
        return False
    if step.builder == "engine":
        raise ActionError(f"{reason} needs buildx", "leave `builder: engine` out")
    if not await _is_there(engine, host):
        raise ActionError(f"{reason} needs buildx, which is not there{at(host)}", KNOWN["buildkit"].hint)
    return True


def dockerfile_of(step: ImageBuild) -> str:
    """Return the name of a step's Dockerfile."""
    return (step.dockerfile or step.context / "Dockerfile").name


async def _is_there(engine: ContainerEngine, host: Host) -> bool:
    try:
        return await host.run(("docker", "buildx", "version"), env=engine.environment) == 0
    except OSError:
        return False


async def build(step: ImageBuild, context: BuildContext, engine: ContainerEngine, ctx: Context) -> list[str]:
    """Build an image into the container engine, and return the last lines that were printed.

    To cancel this ends the build.

    Raises:
        ActionError: It could not be built.
    """
    output = Vertices(ctx, dockerfile_of(step), context.content)
    with contextlib.closing(output):
        async with (
            _command(step, context, ctx) as (argv, env),
            in_time(ctx, output.state, lambda: output.lines),
        ):
            status = await ctx.host.run(argv, on_lines=output.take, env={**engine.environment, **env})
    if status:
        raise output.failure()
    return list(output.lines)


@contextlib.asynccontextmanager
async def _command(
    step: ImageBuild, context: BuildContext, ctx: Context
) -> AsyncIterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield the command and its variables; over SSH with what it reads copied there."""
    command = ("docker", "buildx", "build", "--progress=rawjson", "--load", f"--tag={step.tag}")
    # What attests how an image was made would make another image of it each time.
    env = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    options = [
        *_options(step),
        *_arguments(step, ctx, env),
        *(f"--ssh={_ssh(each, ctx)}" for each in step.ssh),
    ]
    async with contextlib.AsyncExitStack() as stack:
        scratch = None if ctx.host.shares_files else await stack.enter_async_context(ctx.host.scratch())
        for number, secret in enumerate(step.secrets):
            options.append(await _secret(secret, number, scratch, ctx, env))
        if scratch is None:
            file = step.dockerfile or step.context / "Dockerfile"
            yield (*command, *options, f"--file={file}", str(step.context)), env
            return
        tar = scratch / "context.tar"
        with ctx.span("send", step.context.name):
            await ctx.host.write(tar, pieces_of(context.pack()))
        there = (*command, *options, f"--file={context.dockerfile}")
        yield ("sh", "-c", _FROM_TAR, "sh", str(tar), *there), env


def _options(step: ImageBuild) -> Iterator[str]:
    if step.builder not in {None, "buildx"}:
        yield f"--builder={step.builder}"
    if step.target:
        yield f"--target={step.target}"
    if step.platform:
        yield f"--platform={','.join(step.platform)}"


def _ssh(text: str, ctx: Context) -> str:
    """Return what the option `--ssh` takes for an agent, or for key files of this machine."""
    name, equals, paths = text.partition("=")
    if equals and not ctx.host.shares_files:
        cause = f"the keys of `ssh: {text}` stay on this machine, and are not copied{at(ctx.host)}"
        raise ActionError(cause, "have an agent run there, and write `ssh: default`")
    files = [str(ctx.folder / Path(path).expanduser()) for path in paths.split(",")] if equals else []
    return f"{name}={','.join(files)}" if files else name


def _arguments(step: ImageBuild, ctx: Context, env: dict[str, str]) -> Iterator[str]:
    """Yield options for build arguments; one that holds a secret goes into a variable, as buildx takes it."""
    for name, value in step.args.items():
        if ctx.holds_secret(value):
            env[name] = value
            yield f"--build-arg={name}"
        else:
            yield f"--build-arg={name}={value}"


async def _secret(
    secret: BuildSecret, number: int, scratch: PurePath | None, ctx: Context, env: dict[str, str]
) -> str:
    """Return the option for a secret: a variable of the command, or a file, masked from now on."""
    if secret.env is not None:
        value = ctx.env.get(secret.env, os.environ.get(secret.env))
        if value is None:
            cause = f"the variable {secret.env} of the secret {secret.id} is not set"
            raise ActionError(cause, "set it in the environment of bringup, or in the plan's `environment`")
        ctx.secret(value)
        env[f"BRINGUP_SECRET_{number}"] = value
        return f"--secret={_fields(f'id={secret.id}', f'env=BRINGUP_SECRET_{number}')}"
    assert secret.file is not None  # it has one of both
    content = (await asyncio.to_thread(secret.file.read_bytes))[:_MOST_SECRET].decode(errors="replace")
    if content.strip():
        ctx.secret(content.strip())
    path: PurePath = secret.file
    if scratch is not None:
        path = scratch / f"secret-{number}"
        await ctx.host.copy(secret.file, path)
    return f"--secret={_fields(f'id={secret.id}', f'src={path}')}"


def _fields(*fields: str) -> str:
    """Return an option's fields as buildx reads them, a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
