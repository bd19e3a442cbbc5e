"""Samples what the hosts of a run are busy with, once a second while a task runs.

Nothing of it can fail a run or hold it up: what cannot be measured is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.cluster.provider import provider_of
from tui.errors import BringupError
from tui.hosts.local import LocalHost
from tui.hosts.usage.counters import Counters, grown
from tui.hosts.usage.here import Programs, read_own
from tui.hosts.usage.sources import EVERY, find_daemons, find_daemons_here, patterns, read_files, watch
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.engine.attempt import RunContext
    from tui.hosts.host import Host
    from tui.hosts.usage.counters import Reading

_AGAIN = 10.0  # seconds after which a host that was lost is asked again
_LOOK_EVERY = 5.0  # seconds between two looks for nodes whose files are not there
_LEAVE = 0.5  # seconds that the end of a program on another host is waited for
_SHORTEST = 0.2  # seconds of a sample


class Sampler:
    """Samples all hosts of a run.

    Args:
        context: The run's.
        is_busy: Tells whether a task runs.
    """

    def __init__(self, context: RunContext, is_busy: Callable[[], bool]) -> None:
        places = context.placement
        hosts: dict[Host, str] = {}
        for name in dict.fromkeys((places.main, *places.clusters.values(), *places.tasks.values())):
            hosts.setdefault(context.environment.hosts.of(name), name)
        self._samplers = [_HostSampler(host, name, context, is_busy) for host, name in hosts.items()]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(sampler.run()) for sampler in self._samplers]

    async def stop(self) -> None:
        """Take the last samples and end."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LEAVE)
        self._tasks = []


class _HostSampler:
    """Samples one host."""

    def __init__(self, host: Host, name: str, context: RunContext, is_busy: Callable[[], bool]) -> None:
        self._host = host
        self._name = name
        self._context = context
        self._is_busy = is_busy
        self._containers = _Containers(host, context)
        self._daemons: list[str] = []
        self._last: Reading | None = None
        self._before: Mapping[
            str, Counters
        ] = {}  # of bringup itself and its programs, as of the last reading

    async def run(self) -> None:
        """Sample until cancelled."""
        try:
            with contextlib.suppress(BringupError, OSError):
                self._daemons = await self._find_daemons()
            with contextlib.suppress(Exception):  # whatever a system's files hold, the run goes on
                if isinstance(self._host, LocalHost):
                    await self._read_here(self._host)
                else:
                    await self._read_there()
        finally:
            self._containers.close()

    async def _find_daemons(self) -> list[str]:
        if isinstance(self._host, LocalHost):
            return await asyncio.to_thread(find_daemons_here)
        return await find_daemons(self._host)

    async def _read_here(self, host: LocalHost) -> None:
        programs = Programs(lambda: host.sessions)

        def read() -> tuple[Reading | None, dict[str, Counters]]:
            return read_files(self._files()), {"programs": programs.read(), "own": read_own()}

        while True:
            if self._last is not None or self._is_busy():
                reading, here = await asyncio.to_thread(read)
                if reading is None:  # the system has no such files
                    return
                self._take(reading, here)
            try:
                await asyncio.sleep(EVERY)
            except asyncio.CancelledError:
                if self._last is not None:
                    reading, here = await asyncio.to_thread(read)
                    if reading is not None:
                        self._take(reading, here)
                raise

    async def _read_there(self) -> None:
        while True:
            self._last = None
            self._containers.changed.clear()
            watching = asyncio.ensure_future(watch(self._host, self._files(), self._take))
            changing = asyncio.ensure_future(self._containers.changed.wait())
            try:
                await asyncio.wait({watching, changing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                changing.cancel()
                watching.cancel()
                await asyncio.wait({watching})
            if not watching.cancelled():
                if not isinstance(watching.exception(), BringupError | OSError):
                    return  # it has no such files
                await asyncio.sleep(_AGAIN)

    def _files(self) -> list[str]:
        return patterns(self._containers.nodes, self._daemons)

    def _take(self, reading: Reading, here: Mapping[str, Counters] | None = None) -> None:
        """Take a reading, and emit what was used since the one before."""
        reading = self._containers.see(reading)
        here = here or {}
        if self._last is not None and reading.at - self._last.at >= _SHORTEST:
            self._context.emit(self._sample(self._last, reading, here))
        self._last, self._before = (reading, here) if self._is_busy() else (None, {})

    def _sample(self, before: Reading, after: Reading, here: Mapping[str, Counters]) -> e.Sampled:
        seconds = after.at - before.at
        nodes = self._containers.used(before, after, self._containers.nodes)
        engine = grown(before.daemons, after.daemons).plus(grown(before.builds, after.builds))
        builds = self._containers.used(before, after, self._containers.builds)
        return e.Sampled(
            self._context.now(),
            seconds=round(seconds, 2),
            host=self._name,
            cores=after.cores,
            memory=round(after.memory),
            load=after.load,
            machine=_usage(grown({0: before.machine}, {0: after.machine}), seconds),
            nodes=_usage(nodes, seconds) if self._containers.nodes else None,
            engine=_usage(engine.plus(builds), seconds) if self._daemons or builds.cpu else None,
            **{
                part: _usage(grown({0: self._before[part]}, {0: now}), seconds)
                for part, now in here.items()
                if part in self._before
            },
        )


class _Containers:
    """Which containers of a host are nodes of the run's clusters, and which came to build images.

    Attributes:
        nodes: Their ids.
        builds: The ids of containers that came during the run and are no nodes.
        changed: Set when there are other nodes.
    """

    def __init__(self, host: Host, context: RunContext) -> None:
        clusters = context.environment.hosts.clusters(context.plan, context.placement)
        self._clusters = [each.cluster for each in clusters.values() if each.host is host]
        self._host = host
        self.nodes: frozenset[str] = frozenset()
        self.builds: frozenset[str] = frozenset()
        self.changed = asyncio.Event()
        self._asked: set[str] = set()  # what the engine was asked about
        self._first: frozenset[str] | None = None  # those that were there at the start
        self._asking: asyncio.Task[None] | None = None
        self._again = 0.0  # when to ask for nodes whose files are not there
        self._usage: dict[str, Counters] = {}  # of those, what the engine says

    def see(self, reading: Reading) -> Reading:
        """Ask what containers are that have come, if there are any.

        Returns:
            The reading, with what nodes used whose files this host does not have: the engine is in a virtual
            machine, or at another one.
        """
        there = frozenset(reading.containers)
        self._first = there if self._first is None else self._first
        now = asyncio.get_running_loop().time()
        if self._asking is None or self._asking.done():
            if self.nodes and not self.nodes & there:
                self._asking = asyncio.ensure_future(self._ask_usage())
            elif not there <= self._asked or (not there and now >= self._again):
                self._again = now + _LOOK_EVERY
                self._asking = asyncio.ensure_future(self._ask(there))
        return replace(reading, containers={**self._usage, **reading.containers})

    def used(self, before: Reading, after: Reading, ids: frozenset[str]) -> Counters:
        """Return what some containers have used between two readings."""
        then, now = (
            {id_: each for id_, each in reading.containers.items() if id_ in ids}
            for reading in (before, after)
        )
        return grown(then, now)

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask_usage(self) -> None:
        """Ask the engine what the nodes have used."""
        from tui.clients.engine_api import connect

        try:
            async with connect(await self._host.engine()) as api:
                self._usage = {node: await api.usage(node) for node in self.nodes}
        except Exception:  # whatever the engine answers, the run goes on
            self.nodes, self._usage = frozenset(), {}  # they are gone, or others are there

    async def _ask(self, there: frozenset[str]) -> None:
        found: frozenset[str] = frozenset()
        for cluster in self._clusters:
            with contextlib.suppress(Exception):  # whatever the engine answers, the run goes on
                nodes = await (await provider_of(cluster)).find_nodes(cluster, self._host)
                found |= {node.id for node in nodes}
        self._asked |= there
        self.builds = frozenset(self._asked - found - (self._first or frozenset()))
        if found != self.nodes:
            self.nodes = found
            self.changed.set()


def _usage(used: Counters, seconds: float) -> e.Usage:
    """Return what was used in a second."""
    cpu, read, written = (round(each / seconds, 2) for each in (used.cpu, used.read, used.written))
    return e.Usage(cpu, round(used.memory), read, written)
