"""What each step and span of a run took, and how much of that it waited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.insight.profile import BETWEEN, to_come
from tui.plan.kinds import kind_of, kind_waits, span_waits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tui.insight.expectation import Expectation
    from tui.run.attempt_state import AttemptState, SpanState
    from tui.run.state import RunState, TaskState


@dataclass(slots=True)
class SpanCost:
    """The spans of a step with one name and subject.

    Attributes:
        name: `pull`, `ready`, ….
        subject: Whose.
        waits: Whether it waited, rather than worked.
        seconds: How long it took.
        alone: Seconds of that in which nothing else of the step went on that could have decided: what the
            step would be shorter by without it, as far as that can be seen.
    """

    name: str
    subject: str
    waits: bool
    seconds: float = 0.0
    alone: float = 0.0

    @property
    def title(self) -> str:
        """Name and subject."""
        return f"{self.name} {self.subject}".rstrip()


@dataclass(slots=True)
class StepCost:
    """A step, with all its tries since its task was last set to wait.

    Attributes:
        task: The task's id.
        step: Its place, or `BETWEEN` for the task's time outside its steps.
        title: What it is called.
        kind: Its kind; empty where the journal does not tell.
        seconds: How long it took, and is expected to take yet.
        worked: Seconds of that in which it worked.
        waited: Seconds in which it waited; what is left over is not known.
        ahead: Seconds before that in which it ran ahead of its task's place.
        cpu: CPU seconds that it used; None where that was not measured.
        spans: Its spans, the longest first.
    """

    task: str
    step: int
    title: str
    kind: str
    seconds: float = 0.0
    worked: float = 0.0
    waited: float = 0.0
    ahead: float = 0.0
    cpu: float | None = None
    spans: tuple[SpanCost, ...] = ()

    @property
    def whole(self) -> float:
        """Seconds that it took, ahead of its place and there."""
        return self.ahead + self.seconds


def step_costs(
    state: RunState,
    expectation: Expectation,
    now: float,
    cpu: Mapping[tuple[str, int, int], float],
) -> list[StepCost]:
    """Return what the steps of all tasks took, in plan order.

    Args:
        state: The run.
        expectation: How long things took before, for what is yet to come.
        now: Seconds since the run began.
        cpu: CPU seconds of each task's attempts' steps; none where they were not measured.
    """
    return [step for task in state.tasks.values() for step in _of_task(task, expectation, now, cpu)]


def _of_task(
    task: TaskState, expectation: Expectation, now: float, cpu: Mapping[tuple[str, int, int], float]
) -> Iterable[StepCost]:
    found: dict[int, StepCost] = {}
    before = expectation.steps.get(task.id, ())

    def of(step: int, title: str) -> StepCost:
        if step not in found:
            kind = task.kinds[step] if 0 <= step < len(task.kinds) else kind_of(title)
            found[step] = StepCost(task.id, step, title, kind)
        return found[step]

    early = {(each.attempt, each.step): each for each in task.prefetches if each.outcome == "succeeded"}
    for attempt in task.attempts[task.earlier :]:
        inside = 0.0
        until = attempt.end(now)
        for each in attempt.steps:
            step = of(each.step, each.title)
            end = until if each.finished is None else each.finished
            inside += end - each.started
            _add(step, each.started, end, [span for span in attempt.spans if span.step == each.step])
            if ahead := early.get((attempt.attempt, each.step)):
                step.ahead += max(min(ahead.end(now), each.started) - ahead.started, 0.0)
            if cpu:
                used = cpu.get((task.id, attempt.attempt, each.step), 0.0)
                step.cpu = used if step.cpu is None else step.cpu + used
        if (outside := until - attempt.started - inside) > 0:
            of(BETWEEN, _outside(attempt)).seconds += outside
    for number, seconds in to_come(task, expectation, now).items():
        title = before[number][0] if number != BETWEEN else "all of it"
        of(number, title).seconds += seconds
    return found.values()


def _outside(attempt: AttemptState) -> str:
    return "outside its steps" if attempt.steps else "all of it"


def _add(step: StepCost, start: float, end: float, spans: Sequence[SpanState]) -> None:
    """Add one try of a step: sweep over its spans' beginnings and ends."""
    known = {(span.name, span.subject): span for span in step.spans}
    for span in spans:
        if (span.name, span.subject) not in known:
            known[span.name, span.subject] = SpanCost(span.name, span.subject, span_waits(span.name))
    moments = []
    for number, span in enumerate(spans):
        until = end if span.finished is None else min(span.finished, end)
        if until > span.started:
            time = known[span.name, span.subject]
            time.seconds += until - span.started
            moments += [(span.started, 1, number, time), (until, 0, number, time)]
    moments.sort(key=lambda moment: moment[:3])
    active: tuple[dict[int, SpanCost], dict[int, SpanCost]] = ({}, {})  # those that work, those that wait
    waits, at = kind_waits(step.kind), start
    for moment, begins, number, time in [*moments, (end, 0, -1, SpanCost("", "", False))]:
        _pass(step, moment - at, active, waits)
        at = moment
        if begins:
            active[time.waits][number] = time
        else:
            active[time.waits].pop(number, None)
    step.seconds += end - start
    step.spans = tuple(sorted(known.values(), key=lambda span: -span.seconds))


def _pass(
    step: StepCost,
    seconds: float,
    active: tuple[Mapping[int, SpanCost], Mapping[int, SpanCost]],
    waits: bool | None,
) -> None:
    """Let some time of a step pass in which the same spans are active.

    One that works lies within one that waits, as a pull within a pod's start: it is the one that decides.
    """
    working, waiting = active
    if working or (not waiting and waits is False):
        step.worked += seconds
    elif waiting or waits:
        step.waited += seconds
    deciding = working or waiting
    if len(deciding) == 1:
        next(iter(deciding.values())).alone += seconds
