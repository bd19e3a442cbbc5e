"""Creating a cluster of containers, or adopting one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tui.clients.engine_api import connect
from tui.cluster.containers.adopt import adopt, restore
from tui.cluster.containers.examine import BrokenError
from tui.cluster.containers.host_ports import check_ports
from tui.cluster.containers.local_registry import (
    lead_to_registry,
    mirrors_of,
    remove_registry,
    spare_registry,
    start_registry,
    tell_of_registry,
)
from tui.cluster.containers.makers import maker_of
from tui.cluster.containers.nodes import find_nodes, list_nodes, remove_leftovers, remove_nodes
from tui.cluster.containers.reach import check_way, context_of, kubeconfig_of, lead
from tui.cluster.containers.readiness import await_ready
from tui.cluster.containers.unfinished import forget, is_unfinished, note
from tui.cluster.kubeconfig_file import check_kubeconfig, unmerge_kubeconfig
from tui.deadline import in_time
from tui.errors import ActionError, BringupError, NotReadyError
from tui.hosts.host import HostLostError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_CLEANUP = 1.8  # seconds for the removal of a half-made cluster, where nobody waits for why it failed
_END = 0.5  # seconds more for a cancelled program to finish
_REMOVAL = 20.0  # seconds for that of one that failed, or was left
_BACK = 5.0  # seconds for a lost connection to stand again
_LOOK = 0.1  # seconds between looks at nodes that boot
_ANSWER = 10.0  # seconds for nodes to say why they do not start
_FIRST_LOOK = 45.0  # seconds after which nodes that start have done so, and are not disturbed
_NEXT_LOOK = 15.0

_removals: dict[tuple[str, str], asyncio.Task[bool]] = {}
"""The removals of half-made clusters that go on after their creation, by host and name."""


_prepared: dict[tuple[str, str], asyncio.Event] = {}
"""For each cluster that is being created, or was, by host and name: set once all its nodes are there."""


async def await_nodes(cluster: Cluster, host: Host) -> None:
    """See `tui.cluster.provider.Provider`."""
    while True:
        if (prepared := _prepared.get((host.name, cluster.name))) is not None:
            break
        await asyncio.sleep(_LOOK)
    await prepared.wait()
    async with connect(await host.engine()) as api:
        while True:
            if await _take_images(api, await list_nodes(api, cluster)):
                break
            await asyncio.sleep(_LOOK)


async def _take_images(api: EngineApi, nodes: Sequence[Node]) -> bool:
    for node in nodes:
        if node.runs_pods and (not node.running or (await api.run_in(node.id, ("crictl", "version")))[0]):
            return False
    return True


async def create(cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter) -> Done:
    """See `tui.cluster.provider.Provider`."""
    prepared = _prepared[host.name, cluster.name] = asyncio.Event()
    try:
        done = await _create(cluster, host, spec, report, prepared)
    except BaseException:
        _prepared.pop((host.name, cluster.name), None)
        raise
    prepared.set()
    return done


async def _create(
    cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter, prepared: asyncio.Event
) -> Done:
    await asyncio.to_thread(check_kubeconfig, cluster.kubeconfig)
    await _finish_removal(cluster, host, report)
    if nodes := await find_nodes(cluster, host):
        try:
            done = await adopt(cluster, host, spec, report, nodes, prepared)
        except BrokenError as error:
            if not await asyncio.to_thread(is_unfinished, cluster, host, nodes):
                raise
            report.log(f"{error.cause}: its creation begins anew")
            prepared.clear()
            await remove_nodes(host, cluster, None, _REMOVAL)
        else:
            await asyncio.to_thread(forget, cluster, host)  # from now on it may hold what is the user's
            return done
    await check_way(cluster, host, spec.config)
    await check_ports(cluster, host, spec.config)
    async with connect(await host.engine()) as api:  # a creation may have been cut off
        await remove_leftovers(api, cluster)
    await start_registry(cluster, host, report)
    if (start := spec.restoration) is not None:
        id_ = start.snapshot.id
        restoring = restore(cluster, host, spec, start.snapshot, report, prepared)
        try:
            await _wholly(restoring, cluster, host, report, prepared)
        except ActionError as error:
            if start.must:
                raise
            report.warn(f"snapshot {id_} cannot be restored, so the cluster is made anew: {error.cause}")
            prepared.clear()
        else:
            return Done(f"restored cluster {cluster.name} from snapshot {id_}")
    making = _make(cluster, host, spec, report, prepared)
    await _wholly(making, cluster, host, report, prepared)
    return Done(f"created cluster {cluster.name}")


async def _wholly(
    work: Coroutine[Any, Any, None], cluster: Cluster, host: Host, report: Reporter, prepared: asyncio.Event
) -> None:
    """Have a cluster made, of which nothing is left where that fails or is cancelled."""
    making = asyncio.create_task(work)
    noting = asyncio.create_task(_note_nodes(cluster, host, prepared))
    try:
        await asyncio.wait({making})
        making.result()
    except BaseException as error:  # cleaning up does not wait for a cancelled program, which takes its time
        making.cancel()
        patience = _REMOVAL if isinstance(error, ActionError) else _CLEANUP
        await _clean(cluster, host, report, making, patience)
        raise
    finally:
        noting.cancel()
        await asyncio.wait({noting})
        await asyncio.to_thread(forget, cluster, host)


async def _note_nodes(cluster: Cluster, host: Host, prepared: asyncio.Event) -> None:
    """Note the nodes of a cluster that is being made, as soon as they are there."""
    await prepared.wait()
    with contextlib.suppress(BringupError):
        await asyncio.to_thread(note, cluster, host, await find_nodes(cluster, host))


async def _make(
    cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter, prepared: asyncio.Event
) -> None:
    maker = maker_of(cluster)
    async with host.scratch() as directory:
        kubeconfig = directory / "kubeconfig"
        config, told = maker.configure(spec, mirrors_of(cluster))
        for text in told:
            report.log(text)
        path = directory / f"{maker.name}.yaml" if config else None
        if path is not None:
            await host.write(path, _once(config.encode()))
        argv = maker.create(cluster.name, spec.image, path, kubeconfig)
        await _run(argv, cluster, host, spec, report, prepared)
        lines: list[str] = []  # not told: it holds keys
        if maker.writes_kubeconfig:
            await host.run(("cat", str(kubeconfig)), on_lines=lines.extend)
    access = "\n".join((*lines, "")) if lines else await kubeconfig_of(cluster, host)
    for port, local in (await lead(cluster, host, access)).items():
        report.log(f"127.0.0.1:{local} leads to port {port} of {host.name}")
    nodes = await find_nodes(cluster, host)
    await lead_to_registry(cluster, host, nodes)
    if not maker.installs_network(spec.config):
        report.log("nodes are not waited for: they become ready with the pod network that the plan adds")
        return
    ranges = maker.lacks_ranges(spec.config, spec.image)
    if unready := await await_ready(cluster, nodes, spec.wait, report, ranges=ranges):
        raise _late(cluster, spec, ", ".join(unready), tuple(unready.values()))
    await tell_of_registry(cluster)


async def _run(
    argv: Sequence[str],
    cluster: Cluster,
    host: Host,
    spec: ClusterSpec,
    report: Reporter,
    prepared: asyncio.Event,
) -> None:
    """Run the program that makes a cluster.

    Raises:
        ActionError: It failed, or its nodes did not become ready.
    """
    maker, loop = maker_of(cluster), asyncio.get_running_loop()

    def state() -> str:
        return f"cluster {cluster.name} was not there yet ({maker.name} was at {output.current!r})"

    def take_nodes() -> None:
        prepared.set()
        if maker.waits_for_nodes:
            limit.reschedule(loop.time() + spec.wait)

    output = maker.output(report, take_nodes)
    try:
        async with in_time(report, state, lambda: output.lines), asyncio.timeout(None) as limit:
            env = spare_registry(cluster, (await host.machine()).variables)
            made = output.follow(argv, host, spec.directory, env)
            status, said = await _unless_in_vain(made, cluster, host)
    except TimeoutError as error:
        raise _late(cluster, spec, "a node", await _said_by_nodes(cluster, host)) from error
    if status:
        said = said or await _said_by_nodes(cluster, host)
        raise output.failure(f"cluster {cluster.name} could not be created", status, said)


async def _unless_in_vain(
    making: Coroutine[Any, Any, int], cluster: Cluster, host: Host
) -> tuple[int, tuple[str, ...]]:
    """Wait for the program that makes a cluster, which itself would wait minutes for nodes that never start.

    Returns:
        Its exit status, and what nodes said if it was ended as waiting was in vain.
    """
    tasks = run, look = asyncio.create_task(making), asyncio.create_task(_said_in_the_end(cluster, host))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        in_vain = not run.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return (1, look.result()) if in_vain else (run.result(), ())


async def _said_in_the_end(cluster: Cluster, host: Host) -> tuple[str, ...]:
    """Return what nodes say once they do so twice, of what does not pass; never where they do not."""
    await asyncio.sleep(_FIRST_LOOK)
    before = False
    while True:
        said = await _said_by_nodes(cluster, host)
        final = bool(said) and maker_of(cluster).is_final(said[-1])
        if final and before:
            return said
        before = final
        await asyncio.sleep(_NEXT_LOOK)


def _late(cluster: Cluster, spec: ClusterSpec, what: str, details: tuple[str, ...]) -> ActionError:
    return ActionError(
        f"cluster {cluster.name} could not be created: {what} was not ready after {spec.wait:g} s",
        "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
        details,
    )


async def _said_by_nodes(cluster: Cluster, host: Host) -> tuple[str, ...]:
    """Return the last that nodes said, where that tells why they do not start."""
    maker, said = maker_of(cluster), list[str]()
    with contextlib.suppress(BringupError, TimeoutError):
        async with asyncio.timeout(_ANSWER), connect(await host.engine()) as api:
            for node in await list_nodes(api, cluster):
                lines = await maker.last_words(api, node) if node.runs_pods else ()
                said += [f"{node.name}: {line}" for line in lines]
    return tuple(said)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _clean(
    cluster: Cluster, host: Host, report: Reporter, making: asyncio.Task[None], patience: float
) -> None:
    if isinstance(_error_of(making), HostLostError):
        with contextlib.suppress(NotReadyError, HostLostError, TimeoutError):
            async with asyncio.timeout(_BACK):
                await host.connect()
    gone, _ = await asyncio.gather(
        remove_nodes(host, cluster, making, patience), remove_registry(cluster, host)
    )
    await asyncio.wait({making}, timeout=_END)
    if not gone:
        removal = remove_nodes(host, cluster, None, _REMOVAL)
        _removals[host.name, cluster.name] = asyncio.create_task(removal)
        report.warn(
            f"cluster {cluster.name} may be left: `{' '.join(maker_of(cluster).delete(cluster.name))}`"
        )
    with contextlib.suppress(ActionError):  # what it says is told by the next creation, which checks first
        await asyncio.to_thread(unmerge_kubeconfig, cluster.kubeconfig, context_of(cluster))


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _finish_removal(cluster: Cluster, host: Host, report: Reporter) -> None:
    """Remove what an earlier attempt of this process had to leave half made."""
    if removal := _removals.pop((host.name, cluster.name), None):
        removal.cancel()  # it may have given up, as its connection was lost
        report.log(f"removing cluster {cluster.name}, which was left half made")
        await remove_nodes(host, cluster, None, _REMOVAL)
