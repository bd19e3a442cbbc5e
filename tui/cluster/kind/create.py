"""Creating a Kind cluster, or adopting one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.clients.engine_api import connect
from tui.cluster.kind.examine import broken, judge
from tui.cluster.kind.host_ports import check_ports, host_ports, installs_network
from tui.cluster.kind.local_registry import (
    lead_to_registry,
    remove_registry,
    start_registry,
    tell_of_registry,
    with_hosts_directory,
)
from tui.cluster.kind.nodes import find_nodes, list_nodes, published, remove_nodes
from tui.cluster.kind.output import Output
from tui.cluster.kind.quick_start import lacks_ranges, with_quick_start
from tui.cluster.kind.reach import context_of, lead, reach
from tui.cluster.kind.readiness import await_ready
from tui.cluster.kubeconfig_file import check_kubeconfig, unmerge_kubeconfig
from tui.deadline import in_time
from tui.errors import ActionError, NotReadyError
from tui.hosts.host import HostLostError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tui.cluster.provider import ClusterSpec, Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster
    from tui.reporter import Reporter

_CLEANUP = 1.8  # seconds for the removal of a half-made cluster
_END = 0.5  # seconds more for a cancelled kind to finish
_REMOVAL = 20.0  # seconds for the removal of one that was left
_BACK = 5.0  # seconds for a lost connection to stand again
_ANSWER = 10.0  # seconds for a cluster that has been running to show that it is ready
_LOOK = 0.1  # seconds between looks at nodes that boot
_NODES_RUN = "Preparing nodes"  # kind's step after which all containers run, and their systemd has begun

_removals: dict[tuple[str, str], asyncio.Task[bool]] = {}
"""The removals of half-made clusters that go on after their creation, by host and name."""


_prepared: dict[tuple[str, str], asyncio.Event] = {}
"""For each cluster that is being created, or was, by host and name: set once all its nodes run."""


async def await_nodes(cluster: Cluster, host: Host) -> None:
    """See `tui.cluster.provider.Provider`."""
    while True:
        if (prepared := _prepared.get((host.name, cluster.name))) is not None:
            break
        await asyncio.sleep(_LOOK)
    await prepared.wait()
    async with connect(await host.engine()) as api:
        for node in await list_nodes(api, cluster.name):
            while node.runs_pods:
                status, _ = await api.run_in(node.id, ("crictl", "version"))
                if not status:
                    break
                await asyncio.sleep(_LOOK)


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
        return await _adopt(cluster, host, spec, report, nodes, prepared)
    await check_ports(cluster, host, spec.config)
    await start_registry(cluster, host, report)
    making = asyncio.create_task(_make(cluster, host, spec, report, prepared))
    try:
        await asyncio.wait({making})
        making.result()
    except BaseException:  # cleaning up does not wait for a cancelled kind, which takes its time
        making.cancel()
        await _clean(cluster, host, report, making)
        raise
    return Done(f"created cluster {cluster.name}")


async def _make(
    cluster: Cluster, host: Host, spec: ClusterSpec, report: Reporter, prepared: asyncio.Event
) -> None:
    output = Output(report, lambda step: prepared.set() if step == _NODES_RUN else None)
    async with host.scratch() as directory:
        # Its own `--wait` would start kubectl in the node without a pause, while that boots.
        argv = ["kind", "create", "cluster", "--name", cluster.name]
        # Kind itself would fail after all its work where the real file is locked.
        argv += ["--kubeconfig", str(directory / "kubeconfig")]
        if spec.image:
            argv += ["--image", spec.image]
        config, told = with_quick_start(spec.config, spec.image)
        for text in told:
            report.log(text)
        config = with_hosts_directory(config, cluster)
        if config:
            path = directory / "kind.yaml"
            await host.write(path, _once(config.encode()))
            argv += ["--config", str(path)]

        def state() -> str:
            return f"cluster {cluster.name} was not there yet (kind was at {output.current!r})"

        async with in_time(report, state, lambda: output.lines):
            status = await output.follow(argv, host, spec.directory)
        if status:
            raise output.failure(f"cluster {cluster.name} could not be created", status)
        kubeconfig: list[str] = []  # not told: it holds keys
        await host.run(("cat", str(directory / "kubeconfig")), on_lines=kubeconfig.extend)
    for port, local in (await lead(cluster, host, "\n".join((*kubeconfig, "")))).items():
        report.log(f"127.0.0.1:{local} leads to port {port} of {host.name}")
    nodes = await find_nodes(cluster, host)
    await lead_to_registry(cluster, host, nodes)
    if not installs_network(spec.config):
        report.log("nodes are not waited for: they become ready with the pod network that the plan adds")
        return
    ranges = lacks_ranges(spec.config, spec.image)
    if unready := await await_ready(cluster, nodes, spec.wait, report, ranges=ranges):
        raise ActionError(
            f"cluster {cluster.name} could not be created: "
            f"{', '.join(unready)} was not ready after {spec.wait:g} s",
            "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
            tuple(unready.values()),
        )
    await tell_of_registry(cluster)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _clean(cluster: Cluster, host: Host, report: Reporter, making: asyncio.Task[None]) -> None:
    if isinstance(_error_of(making), HostLostError):
        with contextlib.suppress(NotReadyError, HostLostError, TimeoutError):
            async with asyncio.timeout(_BACK):
                await host.connect()
    gone = await remove_nodes(host, cluster.name, making, _CLEANUP)
    await remove_registry(cluster, host)
    await asyncio.wait({making}, timeout=_END)
    if not gone:
        removal = remove_nodes(host, cluster.name, None, _REMOVAL)
        _removals[host.name, cluster.name] = asyncio.create_task(removal)
        report.warn(f"cluster {cluster.name} may be left: `kind delete cluster --name {cluster.name}`")
    with contextlib.suppress(ActionError):  # what it says is told by the next creation, which checks first
        await asyncio.to_thread(unmerge_kubeconfig, cluster.kubeconfig, context_of(cluster))


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _finish_removal(cluster: Cluster, host: Host, report: Reporter) -> None:
    """Remove what an earlier attempt of this process had to leave half made."""
    if removal := _removals.pop((host.name, cluster.name), None):
        removal.cancel()  # it may have given up, as its connection was lost
        report.log(f"removing cluster {cluster.name}, which was left half made")
        await remove_nodes(host, cluster.name, None, _REMOVAL)


async def _adopt(
    cluster: Cluster,
    host: Host,
    spec: ClusterSpec,
    report: Reporter,
    nodes: Sequence[Node],
    prepared: asyncio.Event,
) -> Done:
    started, restarted = judge(cluster, nodes) == "stopped", ""
    if started:
        restarted = await _start(host, [node for node in nodes if not node.running], report)
    await start_registry(cluster, host, report)
    await lead_to_registry(cluster, host, await find_nodes(cluster, host))
    prepared.set()
    try:
        await reach(cluster, host, anew=True)
    except ActionError as error:
        raise broken(cluster, error.cause, error.hint) from error
    waited = nodes if installs_network(spec.config) else ()
    patience = spec.wait if started else _ANSWER
    ranges = lacks_ranges(spec.config, spec.image)  # a creation may have been cut off before it gave them
    unready = await await_ready(cluster, waited, patience, report, restarted=restarted, ranges=ranges)
    if unready:
        raise broken(cluster, f"{', '.join(unready)} is not ready", "", tuple(unready.values()))
    await tell_of_registry(cluster)
    standing = published(await find_nodes(cluster, host))
    if missing := sorted({port for _, port in host_ports(spec.config)} - {*standing}):
        report.warn(
            f"cluster {cluster.name} was made without host port {', '.join(map(str, missing))}"
            " of the plan's Kind configuration: take it down and up again to have it"
        )
    if started:
        return Done(f"started cluster {cluster.name} again")
    return Done(f"cluster {cluster.name} is there and healthy", changed=False)


async def _start(host: Host, nodes: Sequence[Node], report: Reporter) -> str:
    """Start nodes again; return when one was whose processes had ended, empty if all were only paused."""
    restarted = ""
    async with connect(await host.engine()) as api:
        for node in nodes:
            report.log(f"starting node {node.name}, which is {node.state}")
            await api.wake(node.id, paused=node.state == "paused")
            if node.state != "paused":
                restarted = await api.started_at(node.id)
    return restarted
