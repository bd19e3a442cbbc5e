"""The last thing printed: what stands, what took how long, what failed, how to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.address import DEFAULT, LOCAL
from tui.plan.placement import placement
from tui.text import GLYPHS, clock, one_line, seconds, tick_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.console.style import Style
    from tui.plan.model import Plan
    from tui.run.state import RunState, TaskState

_BLOCKS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Stands:
    """What a plan leaves behind, for the report's last lines.

    Attributes:
        kubeconfig: The cluster's kubeconfig file, if it is there.
        endpoints: Names and URLs.
        journal: The run's folder.
        host: The host that it is on, by its name in the plan.
    """

    kubeconfig: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    journal: str = ""
    host: str = DEFAULT


def standing(plan: Plan, journal: str = "") -> Stands:
    """What a plan's run leaves behind."""
    endpoints = tuple((each.name, each.url) for each in plan.endpoints)
    kubeconfig = plan.cluster.kubeconfig if plan.cluster else None
    there = kubeconfig is not None and kubeconfig.exists()
    return Stands(str(kubeconfig) if there else "", endpoints, journal, placement(plan).cluster)


def report(
    state: RunState, stands: Stands, style: Style, width: int = 100, now: float | None = None
) -> list[str]:
    """The report of a run.

    Args:
        state: The run's.
        stands: What it leaves behind.
        style: Colours or none.
        width: Columns of the terminal.
        now: Seconds since the run began, where it has not ended.
    """
    if now is None:  # a run that stayed for commands ended long after its last task
        now = state.at if state.ended_at is None else state.ended_at
    chart = [*_chart(state, style, width, now), ""] if len(state.tasks) > 1 else []
    lines = ["", *chart, _verdict(state, style, now)]
    for task in state.with_status("failed"):
        lines += ["", *_failure(task, style)]
    warnings = dict.fromkeys(
        f"{_who(state, warned.task)}{one_line(warned.text)}" for warned in state.warnings
    )
    lines += [f"{style('!', 'warning')} {text}" for text in warnings]
    return [*lines, "", *_next(state, stands), ""]


def _who(state: RunState, task: str) -> str:
    return f"{one_line(state.tasks[task].title)}: " if task in state.tasks else ""


def _chart(state: RunState, style: Style, width: int, now: float) -> Iterator[str]:
    """A bar for each task; phases head them."""
    names = max((len(one_line(task.title)) for task in state.tasks.values()), default=0)
    room = max(width - names - 16, 10)
    end = max((a.finished or now for t in state.tasks.values() for a in t.attempts), default=0.0)
    scale = room / end if end else 0.0
    yield " " * (names + 15) + style(_ruler(end, room), "dim")
    phases = state.started.phases if state.started else ()
    for number, phase in enumerate(phases, 1):
        yield style(f" {number} {one_line(phase.title)}", "strong")
        for outline in phase.tasks:
            task = state.tasks[outline.id]
            took = (
                seconds(task.seconds(now)) if task.attempts else "kept" if task.status == "succeeded" else ""
            )
            mark = style(GLYPHS[task.status], task.status)
            bar = _bar(task, scale, now)
            blank = " " * (len(bar) - len(bar.lstrip()))
            bar = blank + style(bar.lstrip(), task.status)
            yield f"   {mark} {one_line(task.title):<{names}} {took:>7}  {bar}".rstrip()


def _ruler(end: float, room: int) -> str:
    """Times above the bars, as many as find room."""
    if not end:
        return ""
    step = max(tick_step(end, room), 1.0)  # a clock has no finer marks
    marks = ["─"] * room
    time = 0.0
    while (column := round(time / end * room)) + len(clock(time)) <= room:
        marks[column : column + len(clock(time))] = clock(time)
        time += step
    return "".join(marks)


def _bar(task: TaskState, scale: float, now: float) -> str:
    """A task's attempts on the time axis, to an eighth of a column; a failed one ends in ✗."""
    text = ""
    for attempt in task.attempts:
        start, end = (
            attempt.started * scale,
            (attempt.finished if attempt.finished is not None else now) * scale,
        )
        text = text.ljust(int(start))[: max(int(start), len(text))]
        whole, rest = divmod(max(round((end - int(start)) * 8), 1), 8)
        text += "█" * whole + (_BLOCKS[rest] if rest else "")
        if attempt.outcome == "failed":
            text = text[:-1] + "✗" if len(text) > int(start) + 1 else text + "✗"
    return text


def _verdict(state: RunState, style: Style, now: float) -> str:
    done, failed = len(state.with_status("succeeded")), state.with_status("failed")
    name = one_line(state.started.title or state.started.plan) if state.started else ""
    rehearsal = (
        "rehearsed: nothing was created" if state.started and state.started.environment == "rehearsal" else ""
    )
    goes_down = state.started is not None and state.started.purpose == "down"
    if state.outcome == "succeeded":
        text = f"{name} {rehearsal or ('is down' if goes_down else 'is up')} · {seconds(now)}"
        return style(f"✓ {text}", "succeeded")
    word = {"cancelled": "was cancelled", "failed": "is not down" if goes_down else "is not up"}.get(
        state.outcome or "", "is not finished"
    )
    counts = [f"{done} of {len(state.tasks)} tasks done"]
    counts += [f"{len(failed)} failed"] if failed else []
    counts += [rehearsal] if rehearsal else []
    kind = "cancelled" if state.outcome == "cancelled" else "failed"
    return style(f"{GLYPHS[kind]} {name} {word} · {', '.join(counts)} · {seconds(now)}", kind)


def _failure(task: TaskState, style: Style) -> Iterator[str]:
    failure = task.attempt.failure if task.attempt else None
    if failure is None:
        return
    tries = f" (attempt {len(task.attempts)})" if len(task.attempts) > 1 else ""
    title, step = one_line(task.title), one_line(failure.title)
    yield style(f"✗ {title}{tries}, step {failure.step + 1} {step}", "failed")
    yield f"  error: {one_line(failure.cause)}"
    yield from (f"    {style.clean(line)}" for line in failure.details)
    told = {line.strip() for line in failure.details}
    tail = [line for line in failure.tail if line.strip() and line.strip() not in told]
    if tail:
        yield style("  last lines:", "dim")
        yield from (f"    {style.clean(line)}" for line in tail[-10:])
    if failure.hint:
        yield f"  hint: {one_line(failure.hint)}"


def _next(state: RunState, stands: Stands) -> Iterator[str]:
    """What can be used now, and how to go on."""
    started = state.started
    if started is None or started.purpose == "down":
        return
    real = started.environment != "rehearsal"
    if real and stands.kubeconfig:
        yield f"  kubeconfig  {stands.kubeconfig}"
        yield f"              export KUBECONFIG={stands.kubeconfig}"
    address = started.hosts.get(stands.host, LOCAL)
    where = "" if address == LOCAL else f"at {address.removeprefix('ssh://')}"
    if real and state.outcome == "succeeded":
        for name, url in stands.endpoints:
            yield f"  endpoint    {name}: {url} {where}".rstrip()
        if where:
            yield f"  reach it    bringup tunnel {started.run}"
    if state.outcome != "succeeded":
        yield f"  go on       bringup up --resume {started.run}"
    if real and state.with_status("succeeded"):
        yield f"  take down   bringup down{f' ({where})' if where else ''}"
    if stands.journal:
        yield f"  logs        {stands.journal}/logs"
