"""Why a run takes as long as it does: its verdict, its steps ranked by what they cost it, and its floors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.insight.concurrency_gain import concurrency_gain, slowed_by_bringup
from tui.insight.cpu_seconds import busy_cores
from tui.insight.profile import BETWEEN
from tui.insight.savings import Saver
from tui.insight.step_costs import StepCost, step_costs
from tui.insight.whole_run import MODES, WholeRun, cpu_of, machine_of
from tui.run.work_time import busy, work_time
from tui.text import clock, one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.insight.concurrency_gain import ConcurrencyGain
    from tui.insight.expectation import Expectation
    from tui.insight.forecast import Forecast
    from tui.insight.savings import Savings
    from tui.run.state import RunState, TaskState

_NAMED = 3  # tasks that the verdict names
_DECIDES = 0.1  # of the critical path's time, that a task takes at least to be named
_SIMULATED = 6_000  # parts of tasks that are simulated for each of the cuts of all steps
_FEWEST, _MOST = 5, 15  # steps of which it is told what they would save
_SPANS = 4  # of a step, of which that is told
_WORTH_SAYING = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class OnPath:
    """A task of the critical path: when it began and ended, in seconds since the run began."""

    task: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class RankedSpan:
    """A span of a ranked step.

    Attributes:
        title: Its name and subject.
        waits: Whether it waited, rather than worked.
        seconds: How long it took.
        alone: Seconds of that in which nothing else of the step could have decided.
        savings: What the run would save if it were shorter.
    """

    title: str
    waits: bool
    seconds: float
    alone: float
    savings: Savings


@dataclass(frozen=True, slots=True)
class RankedStep:
    """A step, by what it costs the run.

    Attributes:
        cost: What it took.
        critical: Seconds of that which lie on the critical path.
        savings: What the run would save if it were shorter; None where that was not looked for.
        spans: Those of its spans that cost the most.
    """

    cost: StepCost
    critical: float
    savings: Savings | None = None
    spans: tuple[RankedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Floors:
    """What the run cannot be faster than, in seconds; None where CPU seconds are not known.

    Attributes:
        path: With cores without end, and nothing but needs to hold a task back.
        cpu: The CPU seconds of all its steps over the cores that it had.
    """

    path: float
    cpu: float | None

    @property
    def both(self) -> float:
        """The higher of the two."""
        return max(self.path, self.cpu or 0.0)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a run takes as long as it does; times in seconds.

    Attributes:
        verdict: That in one line.
        seconds: How long it took, or has taken, without the time in which nothing ran.
        mode: Its mode.
        critical: The tasks that decide when it ends, in order.
        steps: Its steps, the one that would save the run the most first.
        floors: What it cannot be faster than.
        makespans: How long it would take in each mode, simulated.
        simulated: The same as it ran, beside which the others are to be seen.
        cores: The cores that it had for itself; None where tasks are taken not to slow each other.
        full: When the cores were full: begin and end of each such time.
        gain: What running tasks at once gained; None where it did not, and while the run goes on.
        notes: What else is to be known of these figures.
    """

    verdict: str
    seconds: float
    mode: str
    critical: tuple[OnPath, ...]
    steps: tuple[RankedStep, ...]
    floors: Floors
    makespans: Mapping[str, float]
    simulated: float
    cores: float | None
    full: tuple[tuple[float, float], ...]
    gain: ConcurrencyGain | None
    notes: tuple[str, ...]


def why_run(
    state: RunState, now: float, expectation: Expectation, forecast: Forecast, *, cut_off: bool = False
) -> Why:
    """Return why a run takes as long as it does.

    Args:
        state: The run.
        now: Seconds since the run began.
        expectation: How long things took before, for what is yet to come.
        forecast: When what is left will be done.
        cut_off: Whether it has not finished and never will.
    """
    cpu = cpu_of(state)
    whole = WholeRun.of(state, expectation, now, cpu)
    took = work_time(busy(state, now))
    critical = tuple(
        OnPath(id_, forecast.starts[id_], forecast.ends[id_])
        for id_ in forecast.critical
        if state.tasks[id_].start is not None or forecast.ends[id_] > forecast.starts[id_]
    )
    costs = [
        cost
        for cost in step_costs(state, expectation, now, cpu)
        if cost.step != BETWEEN or cost.seconds >= _WORTH_SAYING
    ]
    saver = Saver(whole)
    steps = _ranked(costs, {each.task for each in critical}, saver, _looked_at(whole))
    makespans = {mode: whole.in_mode(mode).makespan for mode in MODES}
    known = not math.isinf(whole.profile.cores)
    free = replace(whole, profile=replace(whole.profile, cores=math.inf), limit=None)
    return Why(
        verdict=_verdict(state, took, _to_go(forecast, now), critical, steps, cut_off),
        seconds=took,
        mode=state.mode,
        critical=critical,
        steps=steps,
        floors=Floors(
            free.in_mode("eager").makespan, whole.profile.cpu / whole.profile.cores if known else None
        ),
        makespans=makespans,
        simulated=saver.line.end,
        cores=whole.profile.cores if known else None,
        full=tuple(
            (full.start, full.end) for samples in state.samples.values() for full in busy_cores(samples)
        ),
        gain=concurrency_gain(state, took, makespans["sequential"]) if state.ended_at is not None else None,
        notes=tuple(_notes(state, now, cpu, cut_off)),
    )


def _looked_at(whole: WholeRun) -> int:
    """Return of how many steps to find what they would save: fewer in large runs, so that it stays quick."""
    parts = sum(len(each.parts) for steps in whole.profile.tasks.values() for each in steps)
    return min(max(_SIMULATED // max(parts, 1), _FEWEST), _MOST)


def _ranked(
    costs: Sequence[StepCost], critical: set[str], saver: Saver, looked_at: int
) -> tuple[RankedStep, ...]:
    """Rank steps, with savings for those that could save the most."""
    steps = [RankedStep(cost, cost.seconds if cost.task in critical else 0.0) for cost in costs]
    steps.sort(key=lambda step: (-step.critical, -(step.cost.cpu or 0.0), -step.cost.seconds))
    steps = [
        _looked_into(step, saver) if i < looked_at and step.cost.whole >= _WORTH_SAYING else step
        for i, step in enumerate(steps)
    ]
    steps.sort(key=lambda step: (-step.savings.whole if step.savings else 0.0, -step.cost.whole))
    return tuple(steps)


def _looked_into(step: RankedStep, saver: Saver) -> RankedStep:
    cost = step.cost
    savings = saver.savings(cost.task, cost.step)
    told = [span for span in cost.spans if span.seconds >= _WORTH_SAYING][:_SPANS]
    spans = (
        RankedSpan(span.title, span.waits, span.seconds, span.alone, savings.of_part(span.alone / cost.whole))
        for span in told
    )
    return replace(step, savings=savings, spans=tuple(spans))


def step_name(state: RunState, cost: StepCost) -> str:
    """Return a step's title with its task's, as a title alone may be that of many."""
    title = one_line(state.tasks[cost.task].title)
    return f"{title}, {cost.title}" if cost.step == BETWEEN else f"`{one_line(cost.title)}` of {title}"


def _verdict(
    state: RunState,
    took: float,
    to_go: str,
    critical: Sequence[OnPath],
    steps: Sequence[RankedStep],
    cut_off: bool,
) -> str:
    if not critical:
        return "nothing has run"
    told = [f"{seconds(took)}{_how_it_went(state, to_go, cut_off)}"]
    path = sum(each.seconds for each in critical)
    by_length = sorted(critical, key=lambda each: -each.seconds)
    named = [each for i, each in enumerate(by_length[:_NAMED]) if i == 0 or each.seconds >= _DECIDES * path]
    names = [one_line(state.tasks[each.task].title) for each in critical if each in named]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    told.append(f"{listed} decide{'s' if len(names) == 1 else ''} it")
    if steps and steps[0].savings and steps[0].savings.whole >= _WORTH_SAYING:
        told.append(f"the most is in {step_name(state, steps[0].cost)}: {seconds(steps[0].cost.whole)}")
    return "; ".join(told)


def _to_go(forecast: Forecast, now: float) -> str:
    left = forecast.remaining(now)
    return f", {'some' if forecast.complete else 'at least'} {seconds(left)} to go" if left >= 1 else ""


def _how_it_went(state: RunState, to_go: str, cut_off: bool) -> str:
    if cut_off:
        return ", cut off"
    if state.ended_at is None:
        return f" so far{to_go}"
    failed, cancelled = state.with_status("failed"), state.with_status("cancelled")
    if failed:
        return f", and {_named(failed)} failed"
    if cancelled and state.result != "cancelled":  # by hand, each by itself
        return f", and {_named(cancelled)} {'were' if len(cancelled) > 1 else 'was'} cancelled"
    return ", cancelled" if cancelled else ""


def _named(tasks: Sequence[TaskState]) -> str:
    """Return the title of the first of some tasks, and how many more there are."""
    more = f" and {plural(len(tasks) - 1, 'other')}" if len(tasks) > 1 else ""
    return f"{one_line(tasks[0].title)}{more}"


def _notes(
    state: RunState, now: float, cpu: Mapping[tuple[str, int, int], float], cut_off: bool
) -> Iterator[str]:
    """Yield what is to be known of a run's figures."""
    yield from _about_contention(state, cpu)
    kept = sum(bool(task.kept) or task.is_assumed for task in state.tasks.values())
    if kept:
        yield f"{plural(kept, 'task')} had been done before, and took no time here"
    again = [attempt for task in state.tasks.values() for attempt in task.attempts[:-1]]
    if again:
        lost = sum(attempt.end(now) - attempt.started for attempt in again)
        yield f"{plural(len(again), 'attempt')} had to be made again, after {seconds(lost)} of work"
    changes = [f"{mode} from {clock(at)}" for at, mode in state.modes[1:]]
    if changes:
        yield f"the mode was changed: {state.modes[0][1]}, {', '.join(changes)}"
    took = work_time(busy(state, now))
    if slowed_by_bringup(state, took):
        yield "its steps are so short that starting them slowed them: other modes take less than is simulated"
    idle = now - took
    if idle >= 1 and (cut_off or state.ended_at is not None):
        yield f"for {seconds(idle)} nothing ran, which is not counted"
    paused = sum((now if end is None else end) - start for start, end in state.pauses)
    if paused >= 1:
        yield f"it was paused for {seconds(paused)}"


def _about_contention(state: RunState, cpu: Mapping[tuple[str, int, int], float]) -> Iterator[str]:
    started = state.started
    if started is not None and started.environment == "rehearsal":
        speed = f", {started.speed:g} times as fast as its recording" if started.speed != 1.0 else ""
        yield f"this is a rehearsal{speed}: nothing computed, so tasks did not slow each other"
    elif math.isinf(machine_of(state).cores):
        yield "it ran on several machines: tasks are taken not to slow each other"
    elif not cpu:
        yield "CPU seconds were not measured: tasks are taken not to slow each other in other modes"
