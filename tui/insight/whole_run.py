"""A whole run, simulated from its start: as it was, in another mode, or with some of it changed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.insight.cpu_seconds import background, cpu_seconds, others
from tui.insight.critical_path import critical_path
from tui.insight.profile import Machine, Profile, Spell, profile
from tui.insight.run_ahead import UNTIL_NODES, RunAhead
from tui.plan.contention import Part, Sharing
from tui.plan.simulation import Rules, Timeline, simulate, simulate_sharing
from tui.plan.topology import Topology
from tui.run.work_time import busy, idle, time_at_work, work_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.insight.expectation import Expectation
    from tui.insight.profile import StepParts
    from tui.plan.graph import Graph
    from tui.run.state import RunState

MODES = ("sequential", "parallel", "eager")
"""The modes, from the slowest to the fastest."""

_CLOSE = 0.01  # of a run's time, by which its simulation may differ
_FITTINGS = 7  # halvings in search of what others wanted: to a hundredth


def cpu_of(state: RunState) -> dict[tuple[str, int, int], float]:
    """Return the CPU seconds of each task's attempts' steps; none where they were not measured.

    A rehearsal's own are not those of the work that it shows.
    """
    if state.started is None or state.started.environment == "rehearsal":
        return {}
    used: dict[tuple[str, int, int], float] = {
        place: seconds.total for place, seconds in cpu_seconds(state, ahead=True).items()
    }
    return used if any(used.values()) else {}


def machine_of(state: RunState) -> Machine:
    """Return what a run ran on; with cores without end where that is not known, or was several machines.

    The tasks of several machines did not share one's cores. What nodes use whatever is asked of them was not
    there for any task.
    """
    if len(state.samples) > 1 or state.started is None:
        return Machine(math.inf)
    for host, samples in state.samples.items():
        least, spells = background(state, host), []
        for sample in samples:
            rest = others(sample)
            own = sample.machine.cpu - rest - (min(least, sample.nodes.cpu) if sample.nodes else 0.0)
            spells.append(Spell(sample.at - sample.seconds, own, rest))
        return Machine(max(sample.cores for sample in samples) - least, spells)
    return Machine(state.started.machine.cores or math.inf)


def _is_as_measured(state: RunState) -> bool:
    """Return whether a run's time is that of what is simulated: it finished, and nothing of it ran twice."""
    return state.ended_at is not None and not any(task.earlier for task in state.tasks.values())


@dataclass(frozen=True, slots=True, eq=False)
class WholeRun:
    """A run from its start.

    Attributes:
        graph: Its tasks and their needs.
        profile: What each task's time is made of.
        modes: Each mode with the time from which it holds, in seconds of the run's work; the first from 0.
        limit: Most tasks at once, or None.
        ahead: What may run ahead of its place in eager mode, if anything may.
    """

    graph: Graph
    profile: Profile
    modes: tuple[tuple[float, str], ...]
    limit: int | None = None
    ahead: RunAhead | None = None

    @classmethod
    def of(
        cls,
        state: RunState,
        expectation: Expectation,
        now: float,
        cpu: Mapping[tuple[str, int, int], float] | None = None,
    ) -> WholeRun:
        """Return a run as it was and as it is expected to go on.

        Args:
            state: The run.
            expectation: How long things took before.
            now: Seconds since the run began.
            cpu: What `cpu_of` returns, where that is known already.
        """
        cpu = cpu_of(state) if cpu is None else cpu
        whole = profile(state, expectation, now, cpu, machine_of(state))
        gaps = idle(busy(state, now), now)
        end = math.inf if state.ended_at is None else state.ended_at
        modes = [(time_at_work(0.0, at, gaps), mode) for at, mode in state.modes if at < end]
        first = state.modes[0][1] if state.modes else state.mode
        ahead = RunAhead.of(state)
        run = cls(state.graph, whole, ((0.0, first), *modes[1:]), state.limit, ahead)
        return run._fitted(work_time(busy(state, now))) if _is_as_measured(state) else run

    def _fitted(self, took: float) -> WholeRun:
        """Return it with as much wanted by others as makes its simulation last as long as the run did.

        How much others wanted while there was none to spare cannot be seen, only what they got; what is found
        from that is kept where it does so: in a run whose tasks left cores free, most would.
        """
        if math.isinf(self.profile.cores) or not self.profile.others:
            return self
        if abs(self.makespan - took) <= _CLOSE * took:
            return self
        low, high = 0.0, max(2 * self.profile.others, self.profile.cores)
        for _ in range(_FITTINGS):
            others = (low + high) / 2
            if self._with_others(others).makespan > took:
                high = others
            else:
                low = others
        return self._with_others((low + high) / 2)

    def _with_others(self, others: float) -> WholeRun:
        return replace(self, profile=replace(self.profile, others=others))

    def in_mode(self, mode: str) -> WholeRun:
        """Return it in one mode from start to end."""
        return replace(self, modes=((0.0, mode),))

    def scaled(self, factors: Mapping[tuple[str, int | None], float]) -> WholeRun:
        """Return it with some tasks' times multiplied, or some steps'.

        Args:
            factors: By task and step; a step of None is the whole task.
        """
        tasks = dict(self.profile.tasks)
        for id_ in {task for task, _ in factors}:
            whole = factors.get((id_, None), 1.0)
            of_steps = {step: whole * factor for (task, step), factor in factors.items() if task == id_}
            tasks[id_] = _scaled(tasks.get(id_, ()), of_steps, whole)
        return replace(self, profile=replace(self.profile, tasks=tasks))

    def with_graph(self, graph: Graph) -> WholeRun:
        """Return it with other needs of the same tasks."""
        return replace(self, graph=graph, ahead=self.ahead and self.ahead.with_graph(graph))

    def simulate(self) -> Line:
        """Return when each task runs."""
        return Simulation(self).run()

    @property
    def makespan(self) -> float:
        """How many seconds it takes."""
        return self.simulate().end


class Simulation:
    """A whole run, made ready to be simulated again and again with one of its tasks changed."""

    def __init__(self, whole: WholeRun) -> None:
        """Lay its tasks out by their places.

        Args:
            whole: The run.
        """
        self._whole = whole
        self._ahead = whole.ahead if [mode for _, mode in whole.modes] == ["eager"] else None
        graph = self._ahead.graph if self._ahead else whole.graph
        self._place = graph.position
        self._topology = Topology.of(graph)
        self._shares = not math.isinf(whole.profile.cores) or len(whole.modes) > 1
        self._parts: list[Sequence[Part]] = [()] * len(self._topology.ids)
        self._seconds = [0.0] * len(self._topology.ids)
        self._places = sorted(self._put(whole.profile.tasks, self._parts, self._seconds))

    def _put(
        self,
        tasks: Mapping[str, Sequence[StepParts]],
        parts: list[Sequence[Part]],
        seconds: list[float],
    ) -> list[int]:
        """Put what tasks' time is made of at their places, and return these."""
        places = []
        found = self._ahead.parts(tasks) if self._ahead else {id_: _flat(each) for id_, each in tasks.items()}
        for id_, each in found.items():
            places.append(i := self._place[id_])
            if self._shares:
                parts[i] = _joined(each)
            else:
                seconds[i] = sum(part.seconds for part in each)
        return places

    def run(self, task: str = "", step: int | None = None, factor: float = 1.0) -> Line:
        """Return when each task runs.

        Args:
            task: A task whose time is multiplied; empty for none.
            step: The one step of it whose time is; None for all of it.
            factor: By how much.
        """
        whole, parts, seconds = self._whole, self._parts, self._seconds
        if task:
            parts, seconds = parts.copy(), seconds.copy()
            changed = _scaled(
                whole.profile.tasks.get(task, ()), {step: factor}, factor if step is None else 1.0
            )
            self._put({task: changed}, parts, seconds)
        if self._shares:
            clock = Sharing(parts, whole.profile.cores, whole.profile.others)
            line = simulate_sharing(self._topology, clock, self._places, whole.modes, whole.limit)
        else:
            line = Timeline.empty(len(seconds))
            rules = Rules(whole.modes[0][1], whole.limit)
            simulate(self._topology, line, self._places, (), seconds, rules)
        return Line(self._topology, line, whole.modes, whole.limit, self._ahead.owners if self._ahead else {})


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """When each task of a simulated run starts and ends, by its place in the topology.

    Attributes:
        owners: For what ran ahead, the task that it is a part of.
    """

    topology: Topology
    line: Timeline
    modes: Sequence[tuple[float, str]]
    limit: int | None
    owners: Mapping[str, str]

    @property
    def end(self) -> float:
        """When the last task ends."""
        return max([0.0, *self.line.ends])

    @property
    def times(self) -> dict[str, tuple[float, float]]:
        """When each task that runs starts and ends, by id; without what ran ahead of it."""
        times = zip(self.topology.ids, self.line.starts, self.line.ends, strict=True)
        ran = {id_: (start, end) for id_, start, end in times if end >= 0}
        for id_, owner in self.owners.items():
            if id_ in ran:
                start, _ = ran.pop(id_)
                if id_.endswith(UNTIL_NODES):  # its own begin, parted from the rest
                    ran[owner] = start, ran[owner][1]
        return ran

    def critical(self) -> list[str]:
        """Return the tasks that decide when the last one ends, in order."""
        places = critical_path(self.topology, self.line, self.modes, self.limit)
        ids = (self.topology.ids[i] for i in places)
        return list(dict.fromkeys(self.owners.get(id_, id_) for id_ in ids))


def _scaled(steps: Iterable[StepParts], factors: Mapping[int | None, float], other: float) -> list[StepParts]:
    """Return steps with their time multiplied: some by their own factors, the others by one."""
    return [each._replace(parts=_times(each.parts, factors.get(each.step, other))) for each in steps]


def _times(parts: Iterable[Part], factor: float) -> tuple[Part, ...]:
    return tuple(Part(part.seconds * factor, part.cores) for part in parts) if factor != 1.0 else tuple(parts)


def _flat(steps: Iterable[StepParts]) -> list[Part]:
    return [part for each in steps for part in each.parts]


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Return parts with those made one that follow each other and only wait."""
    joined: list[Part] = []
    for part in parts:
        if joined and not part.cores and not joined[-1].cores:
            joined[-1] = Part(joined[-1].seconds + part.seconds)
        else:
            joined.append(part)
    return joined
