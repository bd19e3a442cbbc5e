"""The report at the end of a run: what took how long, what failed, what there is now, how to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.console.chart import chart
from tui.plan.address import DEFAULT, LOCAL
from tui.plan.placement import placement
from tui.run.work_time import busy, work_time
from tui.secrets import Masker
from tui.text import GLYPHS, one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.console.style import Style
    from tui.plan.model import Plan
    from tui.run.state import RunState, Status, TaskState


@dataclass(frozen=True, slots=True)
class Stands:
    """What a run leaves behind, for the report's last lines.

    Attributes:
        kubeconfig: The cluster's kubeconfig file, if it is there.
        endpoints: Names and URLs, secrets masked.
        journal: The run's directory.
        host: The host that it is on, by its name in the plan.
        running: Whether the run's process still goes on.
        taken_down: Whether a later run took it down.
    """

    kubeconfig: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    journal: str = ""
    host: str = DEFAULT
    running: bool = False
    taken_down: bool = False


def standing(plan: Plan, journal: str = "", *, running: bool = False, taken_down: bool = False) -> Stands:
    """Return what a plan's run leaves behind."""
    mask = Masker(plan.secret_values).mask
    endpoints = tuple((mask(each.name), mask(each.url)) for each in plan.endpoints)
    kubeconfig = plan.cluster.kubeconfig if plan.cluster else None
    there = kubeconfig is not None and kubeconfig.exists()
    shown = str(kubeconfig) if there else ""
    return Stands(shown, endpoints, journal, placement(plan).cluster, running, taken_down)


def report(
    state: RunState, stands: Stands, style: Style, width: int = 100, now: float | None = None
) -> list[str]:
    """Return the report of a run.

    Args:
        state: The run's.
        stands: What it leaves behind.
        style: Colours or none.
        width: Columns of the terminal.
        now: Seconds since the run began, where it has not ended.
    """
    if now is None:  # a run that stayed for commands ended long after its last task
        now = state.at if state.ended_at is None else state.ended_at
    bars = [*chart(state, style, width, now), ""] if len(state.tasks) > 1 else []
    kind, verdict = judge(state, now, running=stands.running, taken_down=stands.taken_down)
    lines = ["", *bars, style(f"{GLYPHS[kind]} {verdict}", kind)]
    for task in state.with_status("failed"):
        lines += ["", *_failure(task, style)]
    warnings = dict.fromkeys(
        f"{_who(state, warned.task)}{one_line(warned.text)}" for warned in state.warnings
    )
    lines += [f"{style('!', 'warning')} {text}" for text in warnings]
    pairs = dict.fromkeys(next_steps(state, stands))
    return [*lines, "", *(f"  {label:<10}  {text}" for label, text in pairs), ""]


def _who(state: RunState, task: str) -> str:
    return f"{one_line(state.tasks[task].title)}: " if task in state.tasks else ""


def judge(
    state: RunState, now: float, *, running: bool = False, taken_down: bool = False
) -> tuple[Status, str]:
    """Return how a run went, as a status and as a sentence.

    Args:
        state: The run's.
        now: Seconds since it began at which it is judged.
        running: Whether its process still goes on.
        taken_down: Whether a later run took it down.
    """
    started, took = state.started, seconds(work_time(busy(state, now)))
    name = one_line(started.title or started.plan) if started else ""
    rehearsal = ["rehearsed: nothing was created"] if started and started.environment == "rehearsal" else []
    way = started.purpose if started else "up"
    done = len(state.with_status("succeeded")) - len(state.assumed)
    of = f"{done} of {plural(len(state.tasks), 'task')}"
    if state.result == "succeeded":
        verb = "was" if taken_down else "is"
        word = f"· {of} run{',' * len(rehearsal)}" if state.assumed else "" if rehearsal else f"{verb} {way}"
        return "succeeded", " ".join(filter(None, (name, word, *rehearsal, "·", took)))
    failed = len(state.with_status("failed"))
    counts = [f"{of} done", *([f"{failed} failed"] if failed else []), *rehearsal, took]
    kind: Status = "cancelled" if state.result == "cancelled" else "failed"
    word = {"cancelled": "was cancelled", "failed": f"is not {way}"}.get(
        state.result or "", "is not finished"
    )
    if running and not state.result:
        kind, word = "running", f"is still {'brought up' if way == 'up' else 'taken down'}"
    return kind, f"{name} {word} · {', '.join(counts[:-1])} · {counts[-1]}"


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


def next_steps(state: RunState, stands: Stands) -> Iterator[tuple[str, str]]:
    """Yield what can be used now and how to go on, each with a label."""
    started = state.started
    if started is None or started.purpose == "down":
        return
    real = started.environment != "rehearsal"
    done = len(state.with_status("succeeded")) - len(state.assumed)
    complete = state.result == "succeeded" and not state.assumed
    if stands.taken_down:
        yield "logs", f"{stands.journal}/logs"
        return
    if real and stands.kubeconfig:
        yield "kubeconfig", stands.kubeconfig
        yield "", f"export KUBECONFIG={stands.kubeconfig}"
    address = started.hosts.get(stands.host, LOCAL)
    where = "" if address == LOCAL else f"at {address.removeprefix('ssh://')}"
    if real and complete:
        for name, url in stands.endpoints:
            yield "endpoint", f"{one_line(name)}: {one_line(url)} {where}".rstrip()
        if where and (stands.kubeconfig or stands.endpoints):
            yield "reach it", f"bringup tunnel {started.run}"
    if not complete and not stands.running:
        yield "go on", f"bringup up --resume {started.run}"
    if real and done and started.can_go_down:
        yield "take down", f"bringup down {started.run}{f' ({where})' if where else ''}"
    if stands.journal:
        yield "logs", f"{stands.journal}/logs"
