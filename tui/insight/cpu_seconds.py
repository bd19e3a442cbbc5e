"""How much CPU time each step used, and when the cores were full."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from tui.plan.kinds import CREATING
from tui.run.work_time import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.run.events import Sampled
    from tui.run.state import RunState, TaskState

FULL = 0.9
"""The share of all cores that is busy where they are called full."""

_SHORTEST = 3.0  # seconds that cores are full at least to be told
_GAP = 1.5  # seconds between two full stretches that are told as one

_ENOUGH = 10  # samples that tell what nodes use whatever is asked of them
_BUSIER = 20  # one sample of so many may be below that
_MOST = 0.25  # of the cores, that it is taken to be

_WORK: Mapping[str, tuple[str, ...]] = {
    "nodes": ("cluster.", "kind.", "kubernetes.", "postgres.", "command"),
    "engine": ("cluster.", "kind.", "image.", "command"),
    "own": ("",),
}
"""How the kinds of those steps begin that make the parts of a sample work."""


class Place(NamedTuple):
    """A step of an attempt."""

    task: str
    attempt: int
    step: int


class CpuSeconds(NamedTuple):
    """The CPU seconds of a step.

    Attributes:
        measured: What the programs that it started used, exactly.
        estimated: Its share of what nodes, container engine and bringup used meanwhile.
    """

    measured: float = 0.0
    estimated: float = 0.0

    @property
    def total(self) -> float:
        """Both."""
        return self.measured + self.estimated


class _Working(NamedTuple):
    """A step at work, at its place or ahead of it."""

    place: Place
    kind: str
    start: float
    end: float
    ahead: bool = False


def cpu_seconds(state: RunState, *, ahead: bool = False) -> dict[Place, CpuSeconds]:
    """Return the CPU seconds of each step that has started.

    What a step's programs used is measured. What nodes, engine and bringup itself used is not told apart by
    step: it is shared by the steps that ran meanwhile and whose kind makes that part work, in equal parts, so
    it is an estimate; what nodes use in any case is left out. In runs without samples there is none of it.

    Args:
        state: The run.
        ahead: Whether to count what a step used while it ran ahead of its place.
    """
    steps = list(_working(state))
    shares = [0.0] * len(steps)
    for host, samples in state.samples.items():
        for part, kinds in _WORK.items():
            least = background(state, host) if part == "nodes" else 0.0
            at_work = [(i, step) for i, step in enumerate(steps) if step.kind.startswith(kinds)]
            _share(at_work, tuple(samples), part, least, shares)
    found: dict[Place, float] = {}
    for step, share in zip(steps, shares, strict=True):
        if ahead or not step.ahead:
            found[step.place] = found.get(step.place, 0.0) + share
    measured = {
        Place(task.id, attempt.attempt, step.step): step.cpu
        for task in state.tasks.values()
        for attempt in task.attempts
        for step in attempt.steps
    }
    return {place: CpuSeconds(cpu, found[place]) for place, cpu in measured.items()}


def busy_cores(samples: Iterable[Sampled]) -> list[Interval]:
    """Return when all cores of a host were as good as busy, in seconds since the run began.

    Args:
        samples: The host's samples, in order of time.
    """
    full: list[Interval] = []
    for sample in samples:
        if sample.machine.cpu < FULL * sample.cores:
            continue
        start = sample.at - sample.seconds
        if full and start - full[-1].end <= _GAP:
            full[-1] = Interval(full[-1].start, sample.at)
        else:
            full.append(Interval(start, sample.at))
    return [interval for interval in full if interval.seconds >= _SHORTEST]


def background(state: RunState, host: str) -> float:
    """Return the cores that a cluster's nodes keep busy whatever is asked of them; 0 where that is not known.

    It is what they used in nearly every second since the cluster was made.
    """
    samples = state.samples.get(host, ())
    if not any(CREATING & {*task.kinds} for task in state.tasks.values()):
        return 0.0
    made = max((step.end for step in _working(state) if step.kind in CREATING), default=0.0)
    used = sorted(each.nodes.cpu for each in samples if each.nodes and each.at - each.seconds >= made)
    if len(used) < _ENOUGH:
        return 0.0
    return min(used[len(used) // _BUSIER], _MOST * max(sample.cores for sample in samples))


def others(sample: Sampled) -> float:
    """Return the cores that others than this run kept busy; what could not be measured counts as theirs."""
    parts = (sample.nodes, sample.engine, sample.programs, sample.own)
    return max(sample.machine.cpu - sum(part.cpu for part in parts if part is not None), 0.0)


def _working(state: RunState) -> Iterable[_Working]:
    for task in state.tasks.values():
        for early in task.prefetches:
            kind = _kind(task, early.step)
            place = Place(task.id, early.attempt, early.step)
            yield _Working(place, kind, early.started, early.end(state.at), ahead=True)
        for attempt in task.attempts:
            for step in attempt.steps:
                kind = _kind(task, step.step)
                end = attempt.end(state.at) if step.finished is None else step.finished
                yield _Working(Place(task.id, attempt.attempt, step.step), kind, step.started, end)


def _kind(task: TaskState, step: int) -> str:
    return task.kinds[step] if step < len(task.kinds) else ""


def _share(
    steps: Iterable[tuple[int, _Working]],
    samples: Sequence[Sampled],
    part: str,
    least: float,
    found: list[float],
) -> None:
    """Give each step its share of what a part of the samples used above the least, by its time in each.

    Args:
        steps: Those that make the part work, with their places in `found`.
        samples: The samples of a host.
        part: The part.
        least: Cores of it that are no step's.
        found: The CPU seconds of each step, to which its share is added.
    """
    overlaps: list[list[tuple[int, float]]] = [[] for _ in samples]
    ends = [sample.at for sample in samples]
    starts = [sample.at - sample.seconds for sample in samples]
    for number, step in steps:
        start, end = step.start, step.end
        for i in range(bisect_right(ends, start), bisect_left(starts, end)):
            overlaps[i].append((number, min(end, ends[i]) - max(start, starts[i])))
    for sample, shares in zip(samples, overlaps, strict=True):
        used = getattr(sample, part)
        whole = sum(seconds for _, seconds in shares)
        if used is not None and used.cpu > least and whole > 0:
            each = (used.cpu - least) * sample.seconds / whole
            for number, seconds in shares:
                found[number] += each * seconds
