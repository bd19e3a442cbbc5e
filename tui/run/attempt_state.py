"""An attempt of a task, and what events change of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.run import events as e
from tui.run.changed import changed
from tui.run.chunks import Chunks
from tui.run.light import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class SpanState:
    """A span; `finished` is None while it lasts."""

    span: int
    step: int
    name: str
    subject: str
    started: float
    finished: float | None = None

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it lasts."""
        return 0.0 if self.finished is None else self.finished - self.started


_NO_SPANS: Chunks[SpanState] = Chunks()


@dataclass(frozen=True, slots=True)
class StepState:
    """A step of an attempt; `finished` is None while it runs, or if it failed.

    Attributes:
        cpu: CPU seconds of the programs that it started, exactly; see `tui.insight.cpu_seconds` for all.
    """

    step: int
    title: str
    started: float
    finished: float | None = None
    changed: bool = True
    note: str = ""
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class AttemptState:
    """One attempt of a task."""

    attempt: int
    started: float
    finished: float | None = None
    outcome: e.Outcome | None = None
    failure: e.Failure | None = None
    steps: tuple[StepState, ...] = ()
    spans: Chunks[SpanState] = _NO_SPANS
    probed: tuple[e.PodProbed, ...] = ()
    progress: e.Progressed | None = None

    def end(self, now: float) -> float:
        """Return when the attempt finished, or `now` while it runs."""
        return max(now, self.started) if self.finished is None else self.finished


def _attempt_finished(attempt: AttemptState, event: e.AttemptFinished) -> AttemptState:
    spans = attempt.spans
    if spans:
        spans = Chunks(s if s.finished is not None else changed(s, finished=event.at) for s in spans)
    return changed(
        attempt, finished=event.at, outcome=event.outcome, failure=event.failure, spans=spans, progress=None
    )


def _step_started(attempt: AttemptState, event: e.StepStarted) -> AttemptState:
    steps = attempt.steps
    if steps and steps[-1].finished is None:  # a damaged journal has lost its end
        steps = (*steps[:-1], changed(steps[-1], finished=event.at))
    return changed(attempt, steps=(*steps, StepState(event.step, event.title, event.at)), progress=None)


def _step_finished(attempt: AttemptState, event: e.StepFinished) -> AttemptState:
    if not attempt.steps:
        return attempt
    last = changed(attempt.steps[-1], finished=event.at, changed=event.changed, note=event.note)
    return changed(attempt, steps=(*attempt.steps[:-1], last), progress=None)


def _cpu_used(attempt: AttemptState, event: e.CpuUsed) -> AttemptState:
    steps = tuple(
        changed(step, cpu=step.cpu + event.seconds) if step.step == event.step else step
        for step in attempt.steps
    )
    return changed(attempt, steps=steps)


def _span_started(attempt: AttemptState, event: e.SpanStarted) -> AttemptState:
    span = SpanState(event.span, event.step, event.name, event.subject, event.at)
    return changed(attempt, spans=attempt.spans.appended(span))


def _span_finished(attempt: AttemptState, event: e.SpanFinished) -> AttemptState:
    index = event.span - 1  # they are counted from 1, unless a damaged journal has lost some
    if not (0 <= index < len(attempt.spans) and attempt.spans[index].span == event.span):
        index = next((i for i, span in enumerate(attempt.spans) if span.span == event.span), -1)
    if index < 0:
        return attempt
    finished = changed(attempt.spans[index], finished=event.at)
    return changed(attempt, spans=attempt.spans.replaced(index, finished))


def _pod_probed(attempt: AttemptState, event: e.PodProbed) -> AttemptState:
    return replace(attempt, probed=(*attempt.probed, event))


def _progressed(attempt: AttemptState, event: e.Progressed) -> AttemptState:
    return changed(attempt, progress=event)


ATTEMPT_CHANGES: dict[type, Callable[..., AttemptState]] = {
    e.AttemptFinished: _attempt_finished,
    e.StepStarted: _step_started,
    e.StepFinished: _step_finished,
    e.CpuUsed: _cpu_used,
    e.SpanStarted: _span_started,
    e.SpanFinished: _span_finished,
    e.PodProbed: _pod_probed,
    e.Progressed: _progressed,
}
"""How the events of an attempt change the one that is under way."""
