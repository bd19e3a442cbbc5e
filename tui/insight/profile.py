"""What tasks' time is made of: computing and waiting, with what they slowed each other taken out."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui.plan.contention import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.insight.expectation import Expectation
    from tui.run.attempt_state import AttemptState
    from tui.run.state import RunState, TaskState

BETWEEN = -1
"""The step of time that belongs to none: before a task's first one, between two, after the last."""

_SHORTEST = 0.001  # CPU seconds that count
_FULL = 0.9  # of cores, that are busy where none is to spare
_LEAST_CORES = 0.1  # of a machine's, that others leave


class Stay(NamedTuple):
    """Time that a task was seen to spend in a step.

    Attributes:
        task: Its id.
        step: The step's place, or `BETWEEN`.
        start: When it began, in seconds since the run did.
        end: When it ended.
        cpu: CPU seconds that it used.
    """

    task: str
    step: int
    start: float
    end: float
    cpu: float = 0.0


class Spell(NamedTuple):
    """Some time of a machine.

    Attributes:
        start: When it began, in seconds since the run did; it lasts until the next one.
        own: The cores that the run kept busy.
        others: The cores that others kept busy.
    """

    start: float
    own: float
    others: float


class Machine(NamedTuple):
    """What a run ran on: its cores, infinite where they are not known, and what kept them busy, in order."""

    cores: float
    spells: Sequence[Spell] = ()


class StepParts(NamedTuple):
    """The parts of a step's time; a step that was tried again has several of these."""

    step: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What each task's time is made of.

    Attributes:
        tasks: By id, in order of time; tasks that have nothing to do are missing.
        cores: The cores that they shared; infinite where CPU seconds are not known, and so not what tasks
            slowed each other.
        others: The cores that others wanted meanwhile.
    """

    tasks: Mapping[str, Sequence[StepParts]]
    cores: float = math.inf
    others: float = 0.0

    def seconds(self, task: str, step: int | None = None) -> float:
        """Return how long a task, or one of its steps, takes where nothing slows it."""
        found = self.tasks.get(task, ())
        return sum(part.seconds for each in found if step in {None, each.step} for part in each.parts)

    @property
    def cpu(self) -> float:
        """CPU seconds of all tasks."""
        return sum(
            part.seconds * part.cores for each in self.tasks.values() for one in each for part in one.parts
        )


def profile(
    state: RunState,
    expectation: Expectation,
    now: float,
    cpu: Mapping[tuple[str, int, int], float],
    machine: Machine,
) -> Profile:
    """Return what each task's time is made of: what it was for what has been, what is expected for the rest.

    Args:
        state: The run.
        expectation: How long things took before; what it does not know takes no time.
        now: Seconds since the run began.
        cpu: CPU seconds of each task's attempts' steps; none where they were not measured.
        machine: What they ran on.
    """
    stays, counted = [], []
    found: dict[str, list[StepParts]] = {}
    for id_, task in state.tasks.items():
        if task.attempts or task.status in {"waiting", "running"}:
            found[id_] = []
        for i, attempt in enumerate(task.attempts):
            of_attempt = list(_stays(task, attempt, now, cpu))
            stays += of_attempt
            # What was before it was set to wait again slowed others, but is not what the task takes.
            counted += [i >= task.earlier] * len(of_attempt)
    made, others = parts_of(stays, machine)
    for stay, counts, parts in zip(stays, counted, made, strict=True):
        if counts:
            found[stay.task].append(StepParts(stay.step, parts))
    for id_, steps in found.items():
        ahead = to_come(state.tasks[id_], expectation, now)
        steps += [StepParts(step, (Part(seconds),)) for step, seconds in ahead.items()]
    return Profile(found, machine.cores, others) if cpu else Profile(found)


def _stays(
    task: TaskState, attempt: AttemptState, now: float, cpu: Mapping[tuple[str, int, int], float]
) -> Iterator[Stay]:
    """Yield an attempt's time without gaps, so that no moment of it is lost.

    A step that ran ahead of its place took what it took there, and at its place what was left of it.
    """
    early = {
        each.step: each
        for each in task.prefetches
        if each.attempt == attempt.attempt and each.outcome == "succeeded"
    }
    until, at = attempt.end(now), attempt.started
    for step in attempt.steps:
        end = until if step.finished is None else step.finished
        if step.started > at:
            yield Stay(task.id, BETWEEN, at, step.started)
        start, used = step.started, cpu.get((task.id, attempt.attempt, step.step), 0.0)
        if ahead := early.get(step.step):
            yield Stay(task.id, step.step, ahead.started, ahead.end(now), used)
            start, used = min(max(start, ahead.end(now)), end), 0.0
        yield Stay(task.id, step.step, start, end, used)
        at = end
    if until > at:
        yield Stay(task.id, BETWEEN, at, until)


def parts_of(stays: Sequence[Stay], machine: Machine) -> tuple[list[tuple[Part, ...]], float]:
    """Return what each stay would have been made of with the machine for itself.

    Each is taken to compute first, on one core or as many more as it must have used, and then to wait. How
    long it computed is what its CPU seconds take at the speed that all who computed meanwhile left each other
    (see `tui.plan.contention.Sharing`); what is left of the stay it waited.

    Args:
        stays: The stays of a run, which may overlap.
        machine: What they ran on.

    Returns:
        The parts of each stay, and the cores that others wanted meanwhile, on average.
    """
    replay = _Replay(stays, machine)
    replay.run()
    return replay.parts, sum(replay.others) / len(replay.others) if replay.others else 0.0


class _Replay:
    """What was seen, played again with the one thing that was not seen: until when each stay computed."""

    def __init__(self, stays: Sequence[Stay], machine: Machine) -> None:
        self._stays = stays
        self._machine = machine
        self._left = machine.cores  # cores that others leave
        self._at = 0.0
        self._computed = 0.0  # seconds on a clock that goes slower while more is wanted than there are cores
        self._wanted: dict[int, float] = {}
        self._total = 0.0
        self._began: dict[int, float] = {}
        self._computing: list[tuple[float, int]] = []
        self.others: list[float] = []
        self.parts: list[tuple[Part, ...]] = [(Part(stay.end - stay.start),) for stay in stays]

    def run(self) -> None:
        """Play all of it."""
        stays, spells = self._stays, self._machine.spells
        used = [i for i, stay in enumerate(stays) if stay.cpu >= _SHORTEST and stay.end > stay.start]
        moments = [(spell.start, self._enter, i) for i, spell in enumerate(spells)]
        moments += [(stays[i].end, self._stop, i) for i in used]
        moments += [(stays[i].start, self._start, i) for i in used]
        for at, happen, i in sorted(moments, key=lambda moment: moment[0]):
            self._go_to(at)
            happen(i)
        self.parts = [tuple(part for part in parts if part.seconds > 0) for parts in self.parts]

    def _enter(self, i: int) -> None:
        """Begin a spell, and find from it how many cores others wanted.

        Where the machine had cores to spare, they wanted what they used. Where it had not, they and the run
        shared it as they wanted it.
        """
        spell, cores = self._machine.spells[i], self._machine.cores
        self._left = max(cores - spell.others, cores * _LEAST_CORES)
        wanted = spell.others
        if spell.others + spell.own >= _FULL * cores and spell.own >= _FULL * self._total * self._speed():
            wanted *= max(self._total / max(spell.own, _SHORTEST), 1.0)
        self.others.append(wanted)

    def _start(self, i: int) -> None:
        stay = self._stays[i]
        cores = min(max(1.0, stay.cpu / (stay.end - stay.start)), self._machine.cores)
        self._wanted[i], self._began[i] = cores, self._computed
        self._total += cores
        heapq.heappush(self._computing, (self._computed + stay.cpu / cores, i))

    def _stop(self, i: int) -> None:
        """End a stay; one that should still compute must have done so all the time, on more cores."""
        if i in self._wanted:
            alone = self._computed - self._began[i]
            cores = min(self._stays[i].cpu / alone, self._machine.cores) if alone else 1.0
            self._end(i, Part(alone, cores))

    def _go_to(self, time: float) -> None:
        while self._computing:
            ends, i = self._computing[0]
            at = self._at + (ends - self._computed) / self._speed()
            if at > time:
                break
            heapq.heappop(self._computing)
            if i not in self._wanted:
                continue
            self._at, self._computed = max(at, self._at), max(ends, self._computed)
            cores = self._wanted[i]
            self._end(i, Part(self._stays[i].cpu / cores, cores), Part(self._stays[i].end - self._at))
        self._computed += max(time - self._at, 0.0) * self._speed()
        self._at = max(time, self._at)

    def _speed(self) -> float:
        return 1.0 if self._total <= self._left else self._left / self._total

    def _end(self, i: int, *parts: Part) -> None:
        self.parts[i] = parts
        del self._wanted[i]
        self._total = sum(self._wanted.values())


def to_come(task: TaskState, expectation: Expectation, now: float) -> dict[int, float]:
    """Return the steps that a task has still to do, with the seconds that each is expected to take.

    Args:
        task: The task.
        expectation: How long things took before.
        now: Seconds since the run began.
    """
    latest = task.attempt if task.status == "running" else None
    again = task.status == "waiting" or task.retry_at is not None
    if not again and (latest is None or latest.finished is not None):
        return {}
    whole = expectation.seconds.get(task.id, 0.0)
    ahead = {i: seconds for i, (_, seconds) in enumerate(expectation.steps.get(task.id, ()))}
    if latest is not None and not again:
        whole = max(whole - max(now - latest.started, 0.0), 0.0)
        if latest.steps:
            step = latest.steps[-1]
            ahead = {i: seconds for i, seconds in ahead.items() if i >= step.step}
            if step.step in ahead:
                ahead[step.step] = max(ahead[step.step] - max(now - step.started, 0.0), 0.0)
    known = sum(ahead.values())
    if not known:
        return {BETWEEN: whole} if whole else {}
    return {step: seconds * whole / known for step, seconds in ahead.items() if seconds}
