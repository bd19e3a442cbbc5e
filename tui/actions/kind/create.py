"""`kind.create`: a cluster, made or adopted."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.actions.context import Done
from tui.actions.deadline import in_time
from tui.actions.kind.config import check_ports, host_ports, read_config
from tui.actions.kind.nodes import find_nodes, remove_nodes
from tui.actions.kind.output import Output, run_kind
from tui.actions.kubernetes.client import connect
from tui.actions.scratch import scratch_folder
from tui.errors import ActionError

if TYPE_CHECKING:
    from aiodocker import Docker

    from tui.actions.context import Context
    from tui.actions.kind.nodes import Node
    from tui.hosts.containers import ContainerEngine
    from tui.plan.steps import KindCreate

_CLEANUP = 1.8  # seconds for the removal of a half cluster
_END = 0.5  # seconds more for a cancelled kind to be gone
_ANSWER = 10.0  # seconds for the API server of a cluster that has been running


async def create(step: KindCreate, ctx: Context) -> Done:
    """Creates the plan's Kind cluster, or adopts a healthy one of that name.

    A creation that fails or is cancelled leaves nothing behind.

    Raises:
        ActionError: It cannot be created, or the one that is there is not healthy.
    """
    engine = await ctx.host.engine()
    config = await read_config(step.config, ctx.variables)
    async with engine.client() as docker:
        if nodes := await find_nodes(docker, ctx.cluster.name):
            return await _adopt(step, ctx, engine, docker, nodes, config)
        await check_ports(docker, config)
    existed = await asyncio.to_thread(_prepare, ctx.cluster.kubeconfig)
    making = asyncio.create_task(_make(step, ctx, engine, config))
    try:
        await asyncio.wait({making})
        making.result()
    except BaseException:  # a cancelled kind takes its time to end: cleaning up does not wait for it
        making.cancel()
        await _clean(ctx, engine, making, keep=existed)
        raise
    return Done(f"created cluster {ctx.cluster.name}")


async def _make(step: KindCreate, ctx: Context, engine: ContainerEngine, config: str) -> None:
    cluster = ctx.cluster
    output = Output(ctx)
    async with scratch_folder(ctx.cache) as folder:
        argv = ["kind", "create", "cluster", "--name", cluster.name, "--kubeconfig", str(cluster.kubeconfig)]
        argv += ["--wait", f"{round(step.wait)}s"]
        if step.image:
            argv += ["--image", step.image]
        if config:
            path = folder / "kind.yaml"
            await asyncio.to_thread(path.write_text, config, encoding="utf-8")
            argv += ["--config", str(path)]

        def state() -> str:
            return f"cluster {cluster.name} was not there yet (kind was at {output.current!r})"

        async with in_time(ctx, state, lambda: output.lines):
            status = await output.follow(argv, engine)
    what = f"cluster {cluster.name} could not be created"
    if status:
        raise output.failure(what, status)
    if output.late:
        raise ActionError(
            f"{what}: its control plane was not ready after {step.wait:g} s",
            "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
            tuple(output.lines),
        )


def _prepare(kubeconfig: Path) -> bool:
    """Makes the kubeconfig's folder; whether the file is there already."""
    kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return kubeconfig.exists()


async def _clean(ctx: Context, engine: ContainerEngine, making: asyncio.Task[None], *, keep: bool) -> None:
    gone = await remove_nodes(engine, ctx.cluster.name, making, _CLEANUP)
    await asyncio.wait({making}, timeout=_END)
    if not gone:
        ctx.warn(f"cluster {ctx.cluster.name} may be left: `kind delete cluster --name {ctx.cluster.name}`")
    if not keep:
        await asyncio.to_thread(ctx.cluster.kubeconfig.unlink, missing_ok=True)


async def _adopt(
    step: KindCreate, ctx: Context, engine: ContainerEngine, docker: Docker, nodes: list[Node], config: str
) -> Done:
    stopped = [node for node in nodes if not node.running]
    if stopped and len(nodes) > 1:  # their addresses may have changed, and etcd's members with them
        raise _unhealthy(ctx, f"node {stopped[0].name} does not run")
    for node in stopped:
        ctx.log(f"starting node {node.name}, which was stopped")
        await docker.containers.container(node.id).start()
    await _write_kubeconfig(ctx, engine)
    with ctx.span("ready", ctx.cluster.name):
        await _await_answer(ctx, step.wait if stopped else _ANSWER)
    nodes = await find_nodes(docker, ctx.cluster.name)
    published = frozenset[int]().union(*(node.ports for node in nodes))
    if missing := sorted({port for _, port in host_ports(config)} - published):
        ctx.warn(
            f"cluster {ctx.cluster.name} was made without host port {', '.join(map(str, missing))}"
            " of the plan's Kind configuration: take it down and up again to have it"
        )
    if stopped:
        return Done(f"started cluster {ctx.cluster.name} again")
    return Done(f"cluster {ctx.cluster.name} is there and healthy", changed=False)


async def _write_kubeconfig(ctx: Context, engine: ContainerEngine) -> None:
    lines: list[str] = []  # not told: they hold keys
    argv = ("kind", "get", "kubeconfig", "--name", ctx.cluster.name)
    if await run_kind(ctx, argv, engine, lines.extend):
        raise _unhealthy(ctx, "kind cannot give its kubeconfig")
    start = next((at for at, line in enumerate(lines) if line.startswith("apiVersion:")), 0)
    await asyncio.to_thread(_store, ctx.cluster.kubeconfig, "\n".join(lines[start:]) + "\n")


def _store(path: Path, text: str) -> None:
    """Writes a file that is never, at any time, anybody else's to read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


async def _await_answer(ctx: Context, patience: float) -> None:
    """Asks the API server until it calls itself ready."""
    give_up = asyncio.get_running_loop().time() + patience
    limit = give_up if ctx.deadline is None else min(give_up, ctx.deadline)
    last = "no answer"
    try:
        async with asyncio.timeout_at(limit):
            while True:
                try:
                    async with connect(ctx) as api:
                        if (last := (await api.text("/readyz")).strip()) == "ok":
                            return
                except ActionError as error:
                    last = error.cause
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise _unhealthy(ctx, f"its API server is not ready: {last}") from error


def _unhealthy(ctx: Context, reason: str) -> ActionError:
    name = ctx.cluster.name
    return ActionError(
        f"cluster {name} is there but not healthy: {reason}",
        f"take it away with `bringup down` or `kind delete cluster --name {name}`, then try again",
    )
