"""What changed between two runs: task by task, step by step, span by span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.sections import Row, Section
from tui.run.times import ENOUGH, median_times
from tui.text import plural, seconds, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.insight.sections import Tone
    from tui.run.events import RunStarted
    from tui.run.kept_run import KeptRun
    from tui.run.likeness import Likeness
    from tui.run.listing import Measured
    from tui.run.times import Times

_NOTICED = 0.1  # seconds from which on a difference is told
_PART = 0.02  # of a time from which on it is
_WORTH = 0.005  # of the run's time from which on a difference finds a line
_UNFINISHED = {"running", "failed", "cancelled"}  # so that how long it took says little
_AGAINST = {"usual": "as usual", "slower": "slower than usual", "faster": "faster than usual"}
_TONES: dict[str, Tone] = {"slower": "slower", "faster": "faster", "usual": "quiet"}
_NAMED = 6  # tasks that a sentence names


@dataclass(frozen=True, slots=True)
class Side:
    """One of two runs that are compared, or the median of several.

    Attributes:
        name: What it is, in words.
        run: The run's id; of a median that of the newest run.
        started: How that run started.
        likeness: What runs like it have in common.
        times: How long it took.
    """

    name: str
    run: str
    started: RunStarted
    likeness: Likeness
    times: Times

    @classmethod
    def of(cls, run: KeptRun, measured: Sequence[Measured], name: str = "") -> Side:
        """Make a side of a run, or of several.

        Args:
            run: The run, or the newest one.
            measured: What was measured of it, or of all of them.
            name: What it is, in words; by default the run.
        """
        like = measured[0].likeness
        named = name or f"run {run.id}, {when(run.started.started)}"
        times = median_times([each.times for each in measured])
        return cls(f"{named}, {like.mode}, {like.environment}", run.id, run.started, like, times)


@dataclass(frozen=True, slots=True)
class Change:
    """How long a run, a task, a step or a span took on both sides.

    Attributes:
        key: What tells it from its siblings: of a task its id.
        title: What it is called.
        a: How long it took on the first side, in seconds; None where it is not there.
        b: The same on the second side.
        status: How it is on the first side: see `Times`.
        before: How it is on the second.
        usual: The median of the runs like the first side, in seconds; None where fewer than three are kept.
        tolerance: How far off that is usual, in seconds.
        parts: Its parts.
    """

    key: str
    title: str
    a: float | None
    b: float | None
    status: str
    before: str
    usual: float | None
    tolerance: float | None
    parts: tuple[Change, ...]

    @property
    def difference(self) -> float | None:
        """By how many seconds the first side took longer; None where it is on one side alone."""
        return None if self.a is None or self.b is None else self.a - self.b

    @property
    def weight(self) -> float:
        """How much of a change it is, in seconds, for ranking."""
        return abs((self.a or 0.0) - (self.b or 0.0))

    @property
    def is_noticed(self) -> bool:
        """Whether the difference is worth a word."""
        if self.a is None or self.b is None:
            return True
        return self.weight >= max(_NOTICED, _PART * max(self.a, self.b))

    @property
    def verdict(self) -> str:
        """How the first side is beside what is usual: `slower`, `faster`, `usual`; empty if unknown."""
        if self.a is None or self.usual is None or self.tolerance is None:
            return ""
        off = self.a - self.usual
        return "usual" if abs(off) <= self.tolerance else "slower" if off > 0 else "faster"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two runs.

    Attributes:
        a: The first side.
        b: The second, which it is compared with.
        like: How many runs are like the first.
        unlike: What makes the two unlike, in sentences; empty where they are alike.
        whole: The time in which something ran.
        tasks: The tasks, those that changed most first.
    """

    a: Side
    b: Side
    like: int
    unlike: tuple[str, ...]
    whole: Change
    tasks: tuple[Change, ...]


def compare(a: Side, b: Side, usual: Times | None) -> Comparison:
    """Return what changed between two runs.

    Args:
        a: The run, or the median, that is looked at.
        b: What it is compared with.
        usual: The median of the runs that are like the first; None where there are none.
    """
    whole = _change("", a.times, b.times, usual)
    tasks = sorted(whole.parts, key=lambda task: -task.weight)
    return Comparison(a, b, usual.runs if usual else 0, tuple(_unlike(a, b)), whole, tuple(tasks))


def _change(key: str, a: Times | None, b: Times | None, usual: Times | None) -> Change:
    named = a or b
    assert named is not None
    known = usual if usual is not None and usual.runs >= ENOUGH else None
    mine, theirs = a.parts if a else {}, b.parts if b else {}
    before = usual.parts if usual else {}
    return Change(
        key,
        named.title,
        a.seconds if a else None,
        b.seconds if b else None,
        a.status if a else "",
        b.status if b else "",
        known.seconds if known else None,
        known.tolerance if known else None,
        tuple(
            _change(each, mine.get(each), theirs.get(each), before.get(each))
            for each in dict.fromkeys((*mine, *theirs))
        ),
    )


def _unlike(a: Side, b: Side) -> Iterator[str]:
    for name, mine, theirs in a.likeness.differences(b.likeness):
        if name == "work":
            caches = f"{a.likeness.caches} and {b.likeness.caches} caches"
            yield f"work to do: A {mine}; B {theirs} ({caches})"
        else:
            yield f"{name}: A {mine}; B {theirs}"
    if a.started.bringup != b.started.bringup:
        yield f"bringup: A {a.started.bringup}; B {b.started.bringup}"
    if a.started.digest != b.started.digest and a.likeness.plan == b.likeness.plan:
        yield f"the plan was edited, or its values: {_edits(a.started, b.started)}"


def _edits(a: RunStarted, b: RunStarted) -> str:
    mine, theirs = (
        {task.id: task.digest for phase in each.phases for task in phase.tasks} for each in (a, b)
    )
    shared = [id_ for id_ in mine if mine[id_] and theirs.get(id_)]  # old journals have no checksums
    changed = [id_ for id_ in shared if mine[id_] != theirs[id_]]
    parts = {
        "changed": changed,
        "only in A": [id_ for id_ in mine if id_ not in theirs],
        "only in B": [id_ for id_ in theirs if id_ not in mine],
    }
    return "; ".join(f"{how} {_names(ids)}" for how, ids in parts.items() if ids) or "no task of it"


def _names(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more


def verdict(told: Comparison) -> str:
    """Return a comparison in one line."""
    whole = told.whole
    assert whole.a is not None
    assert whole.b is not None
    beside = f"{seconds(whole.a)} instead of {seconds(whole.b)}"
    for side, status in (("A", whole.status), ("B", whole.before)):
        if status != "succeeded":
            return f"{beside}, but {side} {'has not ended' if status == 'running' else 'did not come up'}"
    off, word = abs(whole.a - whole.b), "slower" if whole.a > whole.b else "faster"
    part = f" ({round(off / whole.b * 100)} %)" if whole.b else ""
    how = f"{seconds(off)}{part} {word}" if whole.is_noticed else "as fast"
    if whole.usual is None:
        kept = ("none is", "one is", "two are")[min(told.like, 2)]
        return f"{beside}: {how}; what is usual takes {ENOUGH} like runs, and {kept} kept besides"
    usual = f"{seconds(whole.usual)} ± {seconds(whole.tolerance or 0.0)} in {plural(told.like, 'like run')}"
    return f"{beside}: {how}; {_AGAINST[whole.verdict]}: {usual}"


def compare_sections(told: Comparison) -> list[Section]:
    """Return a comparison as sections: the sides, what makes them unlike, the tasks."""
    sides = tuple(Row(f"{letter}  {side.name}") for letter, side in (("A", told.a), ("B", told.b)))
    sections = [Section("Compared", "", sides)]
    if told.unlike:
        rows = tuple(Row(each, tone="critical") for each in told.unlike)
        sections.append(Section("Not alike", "so that their times differ for that alone", rows))
    least = _WORTH * max(told.whole.a or 0.0, told.whole.b or 0.0)
    differing = [task for task in told.tasks if task.is_noticed and task.weight >= least]
    rows = tuple(row for task in differing for row in _rows(task, 0, least))
    same = len(told.tasks) - len(differing)
    if same:
        rows = (*rows, Row(f"{plural(same, 'task')} took as long", cells=("", "", ""), tone="quiet"))
    note = "those that differ most first, with the steps and spans that differ"
    return [*sections, Section("Tasks", note, rows, ("A", "B", "A − B"))]


def _rows(change: Change, depth: int, least: float) -> Iterator[Row]:
    off = change.difference
    signed = "" if off is None else f"{'+' if off > 0 else '−'}{seconds(abs(off))}"
    cells = (*("–" if each is None else seconds(each) for each in (change.a, change.b)), signed)
    note, tone = _note(change)
    yield Row(change.title, seconds=off, note=note, tone=tone, depth=depth, cells=cells)
    for part in sorted(change.parts, key=lambda part: -part.weight):
        if part.is_noticed and part.weight >= max(least, _NOTICED):
            yield from _rows(part, depth + 1, least)


def _note(change: Change) -> tuple[str, Tone]:
    if change.b is None:
        return "· only in A", "quiet"
    if change.a is None:
        return "· only in B", "quiet"
    if change.status != change.before and {change.status, change.before} - {"succeeded", ""}:
        words = [f"{name} {how or 'done'}" for name, how in (("A", change.status), ("B", change.before))]
        return f"· {', '.join(words)}", "critical"
    if change.status in _UNFINISHED:
        return f"· both {change.status}", "critical"
    if change.usual is None or change.tolerance is None:
        return "", "slower" if change.a > change.b else "faster"
    usual = f"{seconds(change.usual)} ± {seconds(change.tolerance)}"
    return f"· {_AGAINST[change.verdict]}, {usual}", _TONES[change.verdict]
