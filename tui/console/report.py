"""The report at the end of a run: what took how long, what failed, what there is now, how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.chart import chart
from tui.insight.concurrency_gain import concurrency_gain
from tui.insight.expectation import EMPTY
from tui.insight.forecast import forecast
from tui.insight.outcome import judge, next_steps
from tui.insight.whole_run import WholeRun
from tui.run.work_time import busy, work_time
from tui.text import GLYPHS, one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.console.style import Style
    from tui.insight.advice import Advice
    from tui.run.standing import Stands
    from tui.run.state import RunState, TaskState

_DECIDES = 0.02  # of the critical path's time, that a task takes at least to be told


def report(
    state: RunState,
    stands: Stands,
    style: Style,
    width: int = 100,
    now: float | None = None,
    advice: Advice | None = None,
) -> list[str]:
    """Return the report of a run.

    Args:
        state: The run's.
        stands: What it leaves behind.
        style: Colours or none.
        width: Columns of the terminal.
        now: Seconds since the run began, where it has not ended.
        advice: What is advised first, if anything is.
    """
    if now is None:  # a run that stayed for commands ended long after its last task
        now = state.known_until
    bars = [*chart(state, style, width, now), ""] if len(state.tasks) > 1 else []
    kind, verdict = judge(state, now, running=stands.running, taken_down=stands.taken_down)
    lines = ["", *bars, style(f"{GLYPHS[kind]} {verdict}", kind)]
    for task in state.with_status("failed"):
        lines += ["", *_failure(task, style)]
    warnings = dict.fromkeys(
        f"{_who(state, warned.task)}{one_line(warned.text)}" for warned in state.warnings
    )
    lines += [f"{style('!', 'warning')} {text}" for text in warnings]
    pairs = dict.fromkeys((*next_steps(state, stands), *_why(state, now, advice)))
    return [*lines, "", *(f"  {label:<10}  {text}" for label, text in pairs), ""]


def _why(state: RunState, now: float, advice: Advice | None) -> Iterator[tuple[str, str]]:
    """Yield why a run that has ended took so long, each with a label."""
    if state.ended_at is None or len(state.tasks) < 2:
        return
    ahead = forecast(state, {}, now)
    path = [(id_, ahead.ends[id_] - ahead.starts[id_]) for id_ in ahead.critical if id_ in ahead.starts]
    least = _DECIDES * sum(took for _, took in path)
    told = [f"{one_line(state.tasks[id_].title)} {seconds(took)}" for id_, took in path if took > least]
    if told:
        yield "decided by", " → ".join(told)
    sequential = WholeRun.of(state, EMPTY, now).in_mode("sequential").makespan
    if gain := concurrency_gain(state, work_time(busy(state, now)), sequential):
        yield "gained", str(gain)
    if advice is not None:
        run = f" {state.started.run}" if state.started else ""
        yield "advice", f"{one_line(advice.title)}: {advice.saving} (`bringup advise{run}`)"


def _who(state: RunState, task: str) -> str:
    return f"{one_line(state.tasks[task].title)}: " if task in state.tasks else ""


def _failure(task: TaskState, style: Style) -> Iterator[str]:
    failure = task.attempt.failure if task.attempt else None
    if failure is None:
        return
    tries = f" (attempt {len(task.attempts)})" if len(task.attempts) > 1 else ""
    title, step = one_line(task.title), one_line(failure.title)
    yield style(f"✗ {title}{tries}, step {failure.step + 1} {step}", "failed")
    yield f"  error: {one_line(failure.cause)}"
    yield from (f"    {style.clean(line)}" for line in failure.details)
    if failure.further:
        yield style("  last lines:", "dim")
        yield from (f"    {style.clean(line)}" for line in failure.further[-10:])
    if failure.hint:
        yield f"  hint: {one_line(failure.hint)}"
