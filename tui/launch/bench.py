"""Carries out a benchmark: brings a plan up and down again, in several modes by turns."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.hosts.usage.sources import patterns, read_files
from tui.insight.bench import BenchRun, order
from tui.launch.caches import Caches
from tui.launch.choose_environment import look_at
from tui.launch.launch import launch_down, launch_up
from tui.launch.request import Request, UsageError
from tui.launch.run_handle import RunHandle
from tui.launch.specification import resolve_up
from tui.plan.address import DEFAULT, LOCAL
from tui.run.commands import Close
from tui.run.standing import standing
from tui.run.state import RunState
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tui.hosts.host_set import Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.launch.launch import Launch
    from tui.plan.model import Plan

_BEAT = 0.5  # seconds between two looks at a run
_SETTLE = 1.0  # seconds in which it is measured what else keeps the machine busy


class FailedError(BringupError):
    """A run of the benchmark failed; what it made is left as it is.

    Attributes:
        state: The run as it ended.
        stands: What it left behind.
    """

    def __init__(self, state: RunState, launch: Launch, hint: str) -> None:
        run = state.started.run if state.started else "?"
        super().__init__(f"run {run} of the benchmark failed", hint)
        self.state = state
        self.stands = standing(launch.loaded.plan, str(launch.folder))


class StoppedError(Exception):
    """The benchmark was asked to stop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a benchmark is at.

    Attributes:
        doing: `up`, `down`, or what is done between.
        mode: The mode of the run.
        number: The number of the run, from 1; 0 for one that only warms caches.
        count: How many runs there will be.
        seconds: How long the run has gone on.
    """

    doing: str
    mode: str
    number: int
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is asked for.

    Attributes:
        request: The plan and how it is brought up; its mode does not count.
        modes: The modes to compare.
        runs: How many runs of each.
        caches: `warm` for a run ahead that does not count, `cold` to remove before each run what the plan
            made, or empty.
        keep_going: Go on after a run that failed.
    """

    request: Request
    modes: tuple[str, ...]
    runs: int
    caches: str = ""
    keep_going: bool = False


class Bench:
    """Carries a benchmark out.

    Attributes:
        done: The runs that have finished.
        environment: What they were brought up in; empty before the first.
        where: The machines that they ran on, in words.
        note: What is rehearsed, if it is a rehearsal.
        standing: The run that is up, or failed and was not taken down; empty if none is.
        clean: Whether nothing of the runs is left in this process.
    """

    def __init__(
        self, benchmark: Benchmark, tell: Callable[[Progress], None], prompter: Prompter | None = None
    ) -> None:
        """Prepare it.

        Args:
            benchmark: What is asked for.
            tell: Called while it goes on, with what it is at.
            prompter: Asks the user what is not known of a machine over SSH.
        """
        self.done: list[BenchRun] = []
        self.environment = self.where = self.note = self.standing = ""
        self._benchmark = benchmark
        self._tell = tell
        self._prompter = prompter
        self.clean = True
        self._handle: RunHandle | None = None
        self._stopped = False
        self._is_here = True

    def check(self) -> Plan:
        """Return the plan.

        Raises:
            PlanError: It is not usable.
            UsageError: It cannot be taken down, or its cluster is there already.
        """
        specification = resolve_up(self._benchmark.request, Store())
        plan = specification.plan
        self._is_here = specification.hosts.get(DEFAULT, LOCAL) == LOCAL
        if not plan.can_go_down:
            cause = "the plan has no steps that take it down, which is done after each run"
            raise UsageError(cause, "add `down: [{kind: cluster.delete}]` to it")
        if specification.environment != "rehearsal" and asyncio.run(
            look_at(_stands, specification, self._prompter)
        ):
            cause = "the plan's cluster is there already, and each run would take it down"
            raise UsageError(cause, "take it down first, if it is not needed: `bringup down`")
        return plan

    def run(self) -> None:
        """Carry all runs out; each is taken down after it.

        Raises:
            FailedError: A run failed.
            StoppedError: It was interrupted.
            BringupError: A run could not begin.
        """
        wanted = self._benchmark
        real = wanted.request.environment != "rehearsal"
        caches = Caches(wanted.request, self._prompter) if wanted.caches == "cold" and real else None
        turns = list(self._turns())
        for number, mode in turns:
            if caches is not None:
                self._tell(Progress("removing what the plan made", mode, number, len(turns), 0.0))
                caches.clear()
            before = self._busy_before(real)
            self._check_stopped()
            state, launch = self._carry_out(self._up(mode), Progress("up", mode, number, len(turns), 0.0))
            turn = 0 if not number else (number - 1) // len(wanted.modes) + 1
            self.done.append(BenchRun.of(state, turn, before))
            self.standing = state.started.run if state.started and real else ""
            self._check_stopped()
            if state.result != "succeeded" and not wanted.keep_going:
                raise FailedError(state, launch, "see what failed, then take it down, or use --keep-going")
            if real:
                self._take_down(Progress("down", mode, number, len(turns), 0.0))

    def interrupt(self) -> None:
        """Cancel the run that goes on and begin none; the second time kill it."""
        self._stopped = True
        if self._handle is not None:
            self._handle.interrupt()

    def _turns(self) -> Iterator[tuple[int, str]]:
        """Yield each run's number and mode, by turns, so that what changes meets all modes alike."""
        wanted = self._benchmark
        if wanted.caches == "warm":
            yield 0, wanted.modes[-1]
        modes = (mode for i in range(wanted.runs) for mode in order(wanted.modes, i + 1))
        yield from enumerate(modes, 1)

    def _up(self, mode: str) -> Callable[[], AbstractContextManager[Launch]]:
        request = replace(self._benchmark.request, mode=mode)
        return lambda: launch_up(request, prompter=self._prompter)

    def _take_down(self, progress: Progress) -> None:
        request = Request(plan=self.standing, environment="kind")
        state, launch = self._carry_out(lambda: launch_down(request, prompter=self._prompter), progress)
        self._check_stopped()
        if state.result != "succeeded":
            raise FailedError(state, launch, f"take it down by hand: `bringup down {self.standing}`")
        self.standing = ""

    def _carry_out(
        self, launching: Callable[[], AbstractContextManager[Launch]], progress: Progress
    ) -> tuple[RunState, Launch]:
        """Carry out a run to its end, and tell of it meanwhile."""
        self._check_stopped()
        state = RunState()
        self._handle = handle = RunHandle(launching, self._benchmark.request.plan)
        try:
            handle.begin(here=True)
            launch = handle.launch()
            handle.tell(Close())
            if progress.doing == "up":
                self.environment, self.where = launch.environment.name, launch.started.where
                self.note = " · ".join(launch.environment.note.splitlines())
            for event in launch.session.feed.follow(_BEAT):
                if event is not None:
                    state.apply(event)
                self._tell(replace(progress, seconds=launch.session.feed.now()))
        finally:
            self.clean = handle.close() and self.clean
            self._handle = None
        return state, launch

    def _busy_before(self, real: bool) -> float | None:
        """Return how many cores are busy while nothing of the benchmark runs; None if not known."""
        if not real or not self._is_here or (first := read_files(patterns((), ()))) is None:
            return None
        time.sleep(_SETTLE)
        second = read_files(patterns((), ()))
        if second is None or second.at <= first.at:
            return None
        return (second.machine.cpu - first.machine.cpu) / (second.at - first.at)

    def _check_stopped(self) -> None:
        if self._stopped:
            raise StoppedError


async def _stands(plan: Plan, hosts: Hosts) -> bool:
    """Return whether one of the plan's clusters is there."""
    from tui.cluster.provider import provider_of

    for cluster, host in hosts.clusters(plan).values():
        if not cluster.stands:  # of one that does, only what was made in it goes
            await host.connect()
            if await (await provider_of(cluster)).find_nodes(cluster, host):
                return True
    return False
