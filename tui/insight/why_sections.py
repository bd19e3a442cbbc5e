"""What there is to say of why a run takes as long as it does, as sections of rows."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tui.insight.busy_axis import level
from tui.insight.savings import CUTS
from tui.insight.sections import Row, Section
from tui.insight.why import step_name
from tui.text import GLYPHS, clock, one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.insight.expectation import Expectation
    from tui.insight.savings import Bend, Savings
    from tui.insight.why import RankedStep, Why
    from tui.run.state import RunState

_WORTH_SAYING = 0.05  # seconds
_SPANS = 6  # of the step that is told of

COLUMNS = ("time", "path", *(f"−{cut:.0%}" for cut in CUTS))
"""The columns of the steps' table."""

_MOST_STEPS = 10  # that are told of


def why_sections(why: Why, state: RunState) -> list[Section]:
    """Return what there is to say of a run, but for the verdict."""
    return [section for section in (_steps(why, state), *about_run(why, state)) if section.rows]


def about_step(why: Why, step: RankedStep, state: RunState, expectation: Expectation) -> list[Section]:
    """Return what there is to say of one step.

    Args:
        why: The answer.
        step: One of its steps.
        state: The run.
        expectation: How long things took before.
    """
    cost = step.cost
    task = state.tasks[cost.task]
    number = f", step {cost.step + 1} of {max(len(task.steps), len(task.kinds))}" if cost.step >= 0 else ""
    parts = [f"worked {seconds(cost.worked)}", f"waited {seconds(cost.waited)}"]
    if (unknown := cost.seconds - cost.worked - cost.waited) >= _WORTH_SAYING:
        parts.append(f"not known {seconds(unknown)}")
    if cost.ahead >= _WORTH_SAYING:
        parts.append(f"ran ahead {seconds(cost.ahead)}")
    if cost.cpu is not None:
        parts.append(f"{seconds(cost.cpu)} of CPU")
    rows = [Row(", ".join(parts), seconds(cost.whole), cost.whole)]
    if step.savings:
        cuts = zip(CUTS, saved(step.savings), strict=True)
        rows.append(Row("saves " + " · ".join(f"−{cut:.0%} {text}" for cut, text in cuts)))
        if step.savings.bend:
            rows.append(Row(bend_in_words(step.savings.bend, state), tone="quiet"))
    rows += [
        Row(
            f"{span.title}{' (waits)' if span.waits else ''}",
            seconds(span.seconds),
            span.seconds,
            share=min(span.seconds / cost.whole, 1.0) if cost.whole else 0.0,
        )
        for span in cost.spans[:_SPANS]
        if span.seconds >= _WORTH_SAYING
    ]
    if len(history := expectation.history.get(cost.task, ())) > 1:
        low, high = min(history), max(history)
        text = f"the task's last {len(history)} runs, {seconds(low)} to {seconds(high)}"
        rows.append(Row(f"{sparkline(history)} {text}", tone="quiet"))
    return [Section(cost.title, f"{one_line(task.title)}{number}", tuple(rows))]


def sparkline(values: Sequence[float]) -> str:
    """Return values as bars beside each other; one of the usual value is half as high as can be."""
    usual = median(values)
    return "".join(level(value / usual / 2 if usual else 0.0) for value in values)


def about_run(why: Why, state: RunState) -> list[Section]:
    """Return what there is to say of the run as a whole."""
    return [_waiting(why), _path(why, state), _floors(why), _modes(why), _notes(why)]


def _steps(why: Why, state: RunState) -> Section:
    """Return the table of steps: what each took, and what the run would save if it took less."""
    ranked = [step for step in why.steps if step.savings][:_MOST_STEPS]
    rows = [row for step in ranked for row in _step(step, state)]
    left = len(why.steps) - len(ranked)
    note = f"and {plural(left, 'other step')} that would save less" if left else ""
    return Section(
        "What each step costs, and what the run would save if it took less", note, tuple(rows), COLUMNS
    )


def _step(step: RankedStep, state: RunState) -> Iterator[Row]:
    savings = step.savings
    if savings is None:
        return
    cells = (seconds(step.cost.whole), seconds(step.critical) if step.critical else "–", *saved(savings))
    yield Row(step_name(state, step.cost).replace("`", ""), seconds=step.cost.whole, cells=cells)
    if savings.bend:
        yield Row(bend_in_words(savings.bend, state), tone="quiet", depth=1)
    for span in step.spans:
        cells = (seconds(span.seconds), "", *saved(span.savings))
        yield Row(
            f"{span.title}{' (waits)' if span.waits else ''}", depth=1, seconds=span.seconds, cells=cells
        )


def saved(savings: Savings) -> Iterable[str]:
    """Return what would be saved by each cut, in words."""
    return (seconds(value) if value >= _WORTH_SAYING else "–" for value in savings.seconds)


def bend_in_words(bend: Bend, state: RunState) -> str:
    """Return from where on something shorter saves less."""
    return f"from −{bend.cut:.0%} {one_line(state.tasks[bend.task].title)} decides"


def _waiting(why: Why) -> Section:
    """Return working and waiting apart, of the steps of the critical path and of all."""
    rows = []
    for of, chosen in (
        ("on the critical path", [step for step in why.steps if step.critical]),
        ("in all tasks", list(why.steps)),
    ):
        whole = sum(step.cost.seconds for step in chosen)
        worked, waited = (
            sum(step.cost.worked for step in chosen),
            sum(step.cost.waited for step in chosen),
        )
        parts = [f"worked {seconds(worked)}", f"waited {seconds(waited)}"]
        if (unknown := whole - worked - waited) >= _WORTH_SAYING:
            parts.append(f"not known {seconds(unknown)}")
        if whole:
            rows.append(Row(f"{of}: {', '.join(parts)}", seconds(whole), whole))
    return Section("Working and waiting", "", tuple(rows))


def _path(why: Why, state: RunState) -> Section:
    rows = (
        Row(
            f"{GLYPHS[state.tasks[each.task].status]} {state.tasks[each.task].title}",
            seconds(each.seconds),
            each.seconds,
            each.start,
        )
        for each in why.critical
    )
    return Section("Critical path", "what decides when the run ends", tuple(rows))


def _floors(why: Why) -> Section:
    floors = why.floors
    rows = [Row("the critical path, if nothing but needs held tasks back", seconds(floors.path), floors.path)]
    if floors.cpu is not None and why.cores is not None:
        text = f"the CPU seconds of all steps, over {why.cores:.1f} cores"
        rows.append(Row(text, seconds(floors.cpu), floors.cpu))
        rows.append(Row("both", seconds(floors.both), floors.both))
    return Section("Floors", "it cannot be faster than", tuple(rows) if floors.path else ())


def _modes(why: Why) -> Section:
    longest = max(why.makespans.values(), default=0.0)
    rows = [
        Row(mode, seconds(span), span, share=span / longest, note="← this run" if mode == why.mode else "")
        for mode, span in why.makespans.items()
        if longest
    ]
    if abs(why.simulated - why.seconds) >= max(0.02 * why.seconds, 0.5):
        rows.append(Row(f"simulated as it ran it takes {seconds(why.simulated)}", tone="quiet"))
    if why.gain:
        rows.append(Row(str(why.gain)))
    return Section("The whole run", "in each mode, simulated", tuple(rows))


def _notes(why: Why) -> Section:
    full = [f"{clock(start)} to {clock(end)}" for start, end in why.full]
    rows = [Row(f"the cores were full from {', '.join(full)}")] if full else []
    return Section("Of these figures", "", (*rows, *(Row(note, tone="quiet") for note in why.notes)))
