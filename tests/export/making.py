"""Runs to export, made of events, with their journals."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tests.plans import make_plan, started
from tui.export.exported_run import ExportedRun
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOSTILE = (
    "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>",
    '" onmouseover="alert(3)" x=\'',
    "]]></system-out><failure/>&amp;&lt;",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1|@SUM(A1)`code`",
    "a | b\n```\n# heading\n[x](http://evil.example) @team #12 **b** <b>$x$</b> www.evil.example",
    'click a href "javascript:alert(4)"\nsection x : done, 1, 2 ; %%{init: {}}%% \x1b[31mred\x1b]0;t\x07',
    "::error::x \u202e \ud800 \uffff \x00 ]]> --> %0A",
)
"""Texts that would mean something to one format or another."""


def begun(**more: Any) -> e.RunStarted:
    """The first event of a run of two phases, `a` and `b` in one and `c`, which needs both, in the next."""
    first = started(make_plan([{"a": (), "b": ()}, {"c": ("a", "b")}]))
    return dataclasses.replace(first, **{"title": "The environment", **more})


def task(id_: str, start: float, end: float, outcome: e.Outcome = "succeeded") -> Iterable[e.Event]:
    """A task of one attempt, with two spans in it that overlap."""
    failure = e.Failure("it broke", "mend it", 0, "run true", details=("a detail",), tail=("last words",))
    yield e.AttemptStarted(start, id_, 1)
    yield e.StepStarted(start, id_, 1, 0, "run true")
    third = (end - start) / 3
    yield e.SpanStarted(start + third / 2, id_, 1, 0, 1, "pull", "postgres:15")
    yield e.SpanStarted(start + third, id_, 1, 0, 2, "start", "pod/x")
    yield e.SpanFinished(start + 2 * third, id_, 1, 1)
    yield e.SpanFinished(end - third / 4, id_, 1, 2)
    if outcome == "succeeded":
        yield e.StepFinished(end, id_, 1, 0, note="did it")
    yield e.AttemptFinished(end, id_, 1, outcome, failure if outcome == "failed" else None)
    yield e.TaskFinished(end, id_, outcome)


def came_up(first: e.RunStarted | None = None, factor: float = 1.0) -> list[e.Event]:
    """The events of a run that came up in 30 seconds, times a factor."""
    told = [*task("a", 0, 10 * factor), *task("b", 0, 20 * factor), *task("c", 20 * factor, 30 * factor)]
    ordered = sorted(told, key=lambda event: event.at)
    return [first or begun(), *ordered, e.RunFinished(30 * factor, "succeeded")]


def failed(first: e.RunStarted | None = None) -> list[e.Event]:
    """The events of a run in which `b` failed, so that `c` was skipped."""
    told = sorted([*task("a", 0, 10), *task("b", 0, 20, "failed")], key=lambda event: event.at)
    return [first or begun(), *told, e.TaskFinished(20, "c", "skipped", "b"), e.RunFinished(20, "failed")]


def hostile() -> list[e.Event]:
    """The events of a failed run, all texts of which are hostile."""
    texts = iter(HOSTILE * 20)
    first = begun()
    phases = tuple(
        e.PhaseOutline(
            phase.id,
            next(texts),
            tuple(dataclasses.replace(each, title=next(texts), steps=(next(texts),)) for each in phase.tasks),
        )
        for phase in first.phases
    )
    first = dataclasses.replace(
        first, phases=phases, title=next(texts), note=next(texts), environment=next(texts), plan=next(texts)
    )
    told: list[e.Event] = failed(first)
    for i, event in enumerate(told):
        if isinstance(event, e.StepStarted):
            told[i] = dataclasses.replace(event, title=next(texts))
        elif isinstance(event, e.StepFinished):
            told[i] = dataclasses.replace(event, note=next(texts))
        elif isinstance(event, e.SpanStarted):
            told[i] = dataclasses.replace(event, name=next(texts), subject=next(texts))
        elif isinstance(event, e.AttemptFinished) and event.failure:
            failure = e.Failure(next(texts), next(texts), 0, next(texts), "", HOSTILE, HOSTILE)
            told[i] = dataclasses.replace(event, failure=failure)
    return [*told, e.Warned(20, "a", 1, next(texts))]


def exported(events: Iterable[e.Event], folder: Path | None = None, good: bool = False) -> ExportedRun:
    """The run of some events; with logs if it has a folder."""
    told = list(events)
    if folder is not None:
        journal = Journal(folder)
        for event in told:
            journal.append(event)
        journal.append(e.Output(1.0, "b", 1, 0, "\n".join(HOSTILE), "pod/<x>"))
        journal.close()
    before = fold(came_up(factor=0.5)) if good else None
    return ExportedRun(fold(told), folder, compared_with=lambda: (before, None))
