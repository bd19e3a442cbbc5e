"""How a run went, what can be used of it now, and how to go on: for the report and the dashboard."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from tui.plan.address import LOCAL
from tui.plan.kinds import TIME_ASSUMED
from tui.run.work_time import busy, work_time
from tui.text import one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.run.standing import Stands
    from tui.run.state import RunState, Status


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
    rehearsal = [_rehearsed(state)] if started and started.environment == "rehearsal" else []
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


def _rehearsed(state: RunState) -> str:
    attempts = [attempt for task in state.tasks.values() for attempt in task.attempts]
    assumed = any(step.note == TIME_ASSUMED for attempt in attempts for step in attempt.steps)
    return f"rehearsed{' with assumed times' * assumed}: nothing was created"


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
    if real and stands.kubeconfigs:
        files = os.pathsep.join(stands.kubeconfigs)
        yield "kubeconfig", files
        yield "", f"export KUBECONFIG={shlex.quote(files)}"
    address = started.hosts.get(stands.host, LOCAL)
    where = "" if address == LOCAL else f"at {address.removeprefix('ssh://')}"
    if real and complete:
        for name, url in stands.endpoints:
            yield "endpoint", f"{one_line(name)}: {one_line(url)} {where}".rstrip()
        for name, held_at in stands.forwards:
            if held_at:
                yield "endpoint", f"{one_line(name)}: {held_at} while this is open"
        closed = any(not held_at for _, held_at in stands.forwards)
        if closed or (where and (stands.kubeconfigs or stands.endpoints)):
            yield "reach it", f"bringup tunnel {started.run}"
    if not complete and not stands.running:
        yield "go on", f"bringup up --resume {started.run}"
    if real and done and started.can_go_down:
        yield "take down", f"bringup down {started.run}{f' ({where})' if where else ''}"
    if stands.journal:
        yield "logs", f"{stands.journal}/logs"
