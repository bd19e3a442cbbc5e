"""The timeline of a page: a row for each task, which unfolds into its steps and their spans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tui.export.bars import ahead_tip, ticks, tip
from tui.export.text import markup
from tui.insight.time_axis import run_scale
from tui.text import GLYPHS, clock, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export.exported_run import ExportedRun
    from tui.insight.time_axis import Scale
    from tui.run.attempt_state import AttemptState
    from tui.run.prefetches import PrefetchState
    from tui.run.state import TaskState

_WIDTH = 10_000  # columns of the axis: hundredths of a percent
_MOST_SPANS = 40  # of a task that have a row: the longest
_MOST_PARTS = 20_000  # rows of steps and spans in all, beyond which only tasks have rows


def chart(run: ExportedRun) -> Iterator[str]:
    """Yield the timeline's markup."""
    scale = run_scale(run.state, _WIDTH, run.now)
    parts = sum(len(a.steps) + len(a.spans) for task in run.state.tasks.values() for a in task.attempts)
    yield (
        '<section><h2>Timeline <span class="tools"><button id="folds">steps</button>'
        '<button id="out" title="wider: −">−</button><button id="fit" title="all of it: 0">all</button>'
        '<button id="in" title="closer: +, or Ctrl and the wheel">+</button></span></h2>'
    )
    yield f'<div class="chart" tabindex="0" data-map="{markup(json.dumps(_map(scale)))}"><div class="grid">'
    yield from _axis(scale)
    for number, phase in enumerate(run.started.phases, 1):
        yield (
            f'<div class="row phase"><div class="name">{number} {markup(phase.title)}</div>'
            '<div class="track"></div></div>'
        )
        for outline in phase.tasks:
            yield from _task(run, run.state.tasks[outline.id], scale, with_parts=parts <= _MOST_PARTS)
    yield (
        '<div id="at"></div></div></div><div class="key"><span>◆ and an edge: decides when it ends</span>'
        "<span>a click on a task shows its steps</span><span>Ctrl and the wheel, or + and −: closer</span>"
        "</div></section>"
    )


def _map(scale: Scale) -> list[tuple[float, float]]:
    """Return places on the axis, from 0 to 1, with their times, between which time runs evenly."""
    times = {0.0, scale.time(scale.end), *(time for each in scale.breaks for time in each[:2])}
    whole = scale.end or 1.0
    return [(round(scale.shown(time) / whole, 5), round(time, 2)) for time in sorted(times)] + (
        [(1.0, 0.0)] if len(times) == 1 else []
    )


def _axis(scale: Scale) -> Iterator[str]:
    yield '<div class="row axis"><div class="name"></div><div class="track">'
    seen: set[float] = set()
    for style, apart in (("", 900), (" fine", 225), (" finer", 56)):
        for place, label in ticks(scale, apart):
            if (at := round(place, 1)) not in seen:
                seen.add(at)
                yield f'<span class="tick{style}" style="left:{_percent(place)}">{label}</span>'
    yield "</div></div>"


def _task(run: ExportedRun, task: TaskState, scale: Scale, *, with_parts: bool) -> Iterator[str]:
    word = run.word(task)
    mark = ' <span class="mark">◆</span>' if task.id in run.critical else ""
    critical = " critical" if task.id in run.critical else ""
    bars = "".join(_ahead(run, ahead, scale) for ahead in task.prefetches)
    bars += "".join(_attempt(run, task, attempt, scale) for attempt in task.attempts)
    took = seconds(task.seconds(run.now)) if task.attempts else word
    end = _percent(scale.at(task.attempts[-1].end(run.now))) if task.attempts and scale.per_column else "0"
    row = (
        f'<div class="name is-{_style(word, task.status)}" title="{markup(task.title)}">'
        f'<span class="glyph">{GLYPHS[task.status]}</span>{markup(task.title)}{mark}</div>'
        f'<div class="track{critical}">{_pauses(scale)}{bars}'
        f'<span class="took" style="left:{end}">{markup(took)}</span></div>'
    )
    if not (task.attempts and with_parts):
        yield f'<div class="row alone">{row}</div>'
        return
    yield f'<details class="task"><summary class="row">{row}</summary>'
    for attempt in task.attempts:
        yield from _parts(run, task, attempt, scale)
    yield "</details>"


def _ahead(run: ExportedRun, ahead: PrefetchState, scale: Scale) -> str:
    if not scale.per_column:
        return ""
    style = f"is-{ahead.outcome or 'running'} ahead"
    return _bar(scale, ahead.started, ahead.end(run.now), style, ahead_tip(run, ahead))


def _attempt(run: ExportedRun, task: TaskState, attempt: AttemptState, scale: Scale) -> str:
    if not scale.per_column:
        return ""
    style = _style(run.word(task) if attempt.finished is None else "", attempt.outcome or task.status)
    bar = _bar(scale, attempt.started, attempt.end(run.now), f"is-{style}", tip(run, task, attempt))
    seams = (
        f'<i class="seam" style="left:{_percent(scale.at(step.started))}"></i>' for step in attempt.steps[1:]
    )
    return bar + "".join(seams)


def _parts(run: ExportedRun, task: TaskState, attempt: AttemptState, scale: Scale) -> Iterator[str]:
    """Yield a row for each step of an attempt, and for each of its longest spans below it."""
    end = attempt.end(run.now)
    spans = [(span, end if span.finished is None else span.finished) for span in attempt.spans]
    longest = sorted(spans, key=lambda pair: pair[0].started - pair[1])[:_MOST_SPANS]
    again = f"{attempt.attempt}. attempt: " if len(task.attempts) > 1 else ""
    for step in attempt.steps:
        stop = run.ended(step, attempt)
        failed = step.finished is None and attempt.outcome == "failed"
        style = "failed" if failed else _style("", task.status if step.finished is None else "succeeded")
        note = f" · {step.note}" if step.note else ""
        yield _part("step", style, f"{again}{step.title}", note, (step.started, stop), scale)
        for span, until in sorted(longest, key=lambda pair: pair[0].started):
            if span.step == step.step:
                name = f"{span.name} {span.subject}".strip()
                yield _part("span", style, name, "", (span.started, until), scale)


def _part(kind: str, style: str, title: str, note: str, times: tuple[float, float], scale: Scale) -> str:
    start, end = times
    took = seconds(end - start)
    said = f"{markup(title)}&#10;{clock(start)} – {clock(end)}, {took}{markup(note)}"
    bar = _bar(scale, start, end, f"is-{style}", said) if scale.per_column else ""
    return (
        f'<div class="row {kind}"><div class="name" title="{markup(title)}">{markup(title)}</div>'
        f'<div class="track">{bar}<span class="took" style="left:{_percent(scale.at(end))}">{took}</span>'
        "</div></div>"
        if scale.per_column
        else ""
    )


def _bar(scale: Scale, start: float, end: float, style: str, said: str) -> str:
    left, right = scale.at(start), scale.at(end)
    return (
        f'<div class="bar {style}" style="left:{_percent(left)};width:{_percent(right - left)}" '
        f'data-tip="{said}"></div>'
    )


def _pauses(scale: Scale) -> str:
    return "".join(
        f'<div class="pause" style="left:{_percent(scale.at(start))};'
        f'width:{_percent(scale.at(end) - scale.at(start))}" '
        f'data-tip="nothing ran for {seconds(end - start)}"></div>'
        for start, end, _ in scale.breaks
    )


def _percent(place: float) -> str:
    return f"{place * 100 / _WIDTH:.2f}%"


def _style(word: str, status: str) -> str:
    return "cut-off" if word == "cut off" else status
