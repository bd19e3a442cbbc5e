"""`kind.create`: a cluster, made or adopted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.cluster.connect import connect
from tui.cluster.kind.config import check_ports, host_ports, read_config
from tui.cluster.kind.nodes import find_nodes, remove_nodes
from tui.cluster.kind.output import Output
from tui.cluster.kind.reach import reach_anew, telling
from tui.deadline import in_time
from tui.errors import ActionError, NotReadyError
from tui.hosts.host import HostLostError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiodocker import Docker

    from tui.actions.context import Context
    from tui.cluster.kind.nodes import Node
    from tui.hosts.container_engine import ContainerEngine
    from tui.plan.steps import KindCreate

_CLEANUP = 1.8  # seconds for the removal of a half cluster
_END = 0.5  # seconds more for a cancelled kind to be gone
_REMOVAL = 20.0  # seconds for the removal of one that was left
_BACK = 5.0  # seconds for a lost connection to stand again
_ANSWER = 10.0  # seconds for the API server of a cluster that has been running

_half_made: set[tuple[str, str]] = set()
"""Clusters, with their hosts, that a lost connection has left half made."""


async def create(step: KindCreate, ctx: Context) -> Done:
    """Creates the plan's Kind cluster, or adopts a healthy one of that name.

    A creation that fails or is cancelled leaves nothing behind.

    Raises:
        ActionError: It cannot be created, or the one that is there is not healthy.
    """
    host = ctx.cluster_host
    engine = await host.engine()
    config = await read_config(step.config, ctx.variables)
    async with engine.client() as docker:
        await _finish_removal(ctx, engine)
        if nodes := await find_nodes(docker, ctx.cluster.name):
            return await _adopt(step, ctx, docker, nodes, config)
        await check_ports(host, docker, config)
    existed = await asyncio.to_thread(_prepare, ctx.cluster.kubeconfig)
    making = asyncio.create_task(_make(step, ctx, engine, config))
    try:
        await asyncio.wait({making})
        making.result()
    except BaseException:  # a cancelled kind takes its time to end: cleaning up does not wait for it
        making.cancel()
        await _clean(ctx, engine, making, keep=existed)
        raise
    if not host.shares_loopback:  # here kind has written the kubeconfig itself
        await reach_anew(host, ctx.cluster, telling(ctx))
    return Done(f"created cluster {ctx.cluster.name}")


async def _make(step: KindCreate, ctx: Context, engine: ContainerEngine, config: str) -> None:
    cluster = ctx.cluster
    output = Output(ctx)
    host = ctx.cluster_host
    async with host.scratch() as folder:
        kubeconfig = cluster.kubeconfig if host.shares_files else folder / "kubeconfig"
        argv = ["kind", "create", "cluster", "--name", cluster.name, "--kubeconfig", str(kubeconfig)]
        argv += ["--wait", f"{round(step.wait)}s"]
        if step.image:
            argv += ["--image", step.image]
        if config:
            path = folder / "kind.yaml"
            await host.write(path, _once(config.encode()))
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


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _prepare(kubeconfig: Path) -> bool:
    """Makes the kubeconfig's folder; whether the file is there already."""
    kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return kubeconfig.exists()


async def _clean(ctx: Context, engine: ContainerEngine, making: asyncio.Task[None], *, keep: bool) -> None:
    if isinstance(_fault(making), HostLostError):
        with contextlib.suppress(NotReadyError, HostLostError, TimeoutError):
            async with asyncio.timeout(_BACK):
                await ctx.cluster_host.connect()
    gone = await remove_nodes(engine, ctx.cluster.name, making, _CLEANUP)
    await asyncio.wait({making}, timeout=_END)
    if not gone:
        _half_made.add((ctx.cluster_host.name, ctx.cluster.name))
        ctx.warn(f"cluster {ctx.cluster.name} may be left: `kind delete cluster --name {ctx.cluster.name}`")
    if not keep:
        await asyncio.to_thread(ctx.cluster.kubeconfig.unlink, missing_ok=True)


def _fault(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _finish_removal(ctx: Context, engine: ContainerEngine) -> None:
    """Takes away what an earlier try of this process had to leave half made."""
    key = (ctx.cluster_host.name, ctx.cluster.name)
    if key in _half_made:
        ctx.log(f"removing cluster {ctx.cluster.name}, which was left half made")
        nothing = asyncio.create_task(asyncio.sleep(0))
        if await remove_nodes(engine, ctx.cluster.name, nothing, _REMOVAL):
            _half_made.discard(key)


async def _adopt(step: KindCreate, ctx: Context, docker: Docker, nodes: list[Node], config: str) -> Done:
    stopped = [node for node in nodes if not node.running]
    if stopped and len(nodes) > 1:  # their addresses may have changed, and etcd's members with them
        raise _unhealthy(ctx, f"node {stopped[0].name} does not run")
    for node in stopped:
        ctx.log(f"starting node {node.name}, which was stopped")
        await docker.containers.container(node.id).start()
    await _open(ctx)
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


async def _open(ctx: Context) -> None:
    """Makes the way to a cluster that is there."""
    try:
        await reach_anew(ctx.cluster_host, ctx.cluster, telling(ctx))
    except ActionError as error:
        raise _unhealthy(ctx, error.cause) from error


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
