"""A run as lines of text, each with its task's name, or as lines of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from tui.run import events as e
from tui.run.event_json import encode
from tui.run.standing import Stands
from tui.run.summary import REHEARSAL
from tui.text import GLYPHS, amount, clock, one_line, seconds, title_and_cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.console.style import Style
    from tui.run.attempt_state import AttemptState
    from tui.run.state import RunState

_SILENT = 10.0  # seconds without a line after which a running task is mentioned


class Lines:
    """Prints events as they come; see `Printer`."""

    def __init__(self, out: TextIO, style: Style) -> None:
        self._out = out
        self._style = style
        self._prefixes: dict[str, str] = {}
        self._last_line: dict[str, float] = {}
        self._wide = 0
        self._show: dict[type, Callable[..., None]] = {
            e.RunStarted: self._run_started,
            e.ModeChanged: lambda event, _: self._run_line(event, f"mode is {event.mode} from now on"),
            e.RunPaused: lambda event, _: self._run_line(event, "paused: nothing starts until it is resumed"),
            e.RunResumed: lambda event, _: self._run_line(event, "resumed"),
            e.CancelRequested: self._cancel_requested,
            e.TaskKept: self._task_kept,
            e.TaskReset: lambda event, _: self._line(event.at, event.task, "○ waits to run again"),
            e.TaskFinished: self._task_finished,
            e.AttemptStarted: self._attempt_started,
            e.AttemptFinished: self._attempt_finished,
            e.RetryScheduled: self._retry_scheduled,
            e.StepStarted: self._step_started,
            e.StepFinished: self._step_finished,
            e.PrefetchStarted: self._prefetch_started,
            e.PrefetchFinished: self._prefetch_finished,
            e.Output: self._output,
            e.Warned: self._warned,
        }

    def show(self, event: e.Event, state: RunState) -> None:
        """Print an event; `state` is the run with the event in it."""
        show = self._show.get(type(event))
        if show is not None:
            show(event, state)

    def beat(self, now: float, state: RunState) -> None:
        """Print what running tasks are at that have been silent.

        Args:
            now: Seconds since the run began.
            state: The run.
        """
        for id_ in sorted(state.running, key=state.graph.position.__getitem__):
            attempt = state.tasks[id_].attempt
            if attempt is not None and now - self._last_line.get(id_, now) >= _SILENT:
                self._line(now, id_, self._style(f"… {one_line(_at_work(attempt, now))}", "dim"))

    def say(self, text: str) -> None:
        """Print a remark about the printing itself."""
        self._print(self._style(text, "dim") + "\n")

    def _line(self, at: float, task: str, *texts: str) -> None:
        self._last_line[task] = at
        prefix = self._prefixes.get(task) or self._style("bringup".ljust(self._wide) + " │", "dim")
        head = f"{clock(at):>6} {prefix} "
        self._print("".join(f"{head}{text}\n" for text in texts))

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _run_line(self, event: e.Event, text: str) -> None:
        self._line(event.at, "", text)

    def _run_started(self, event: e.RunStarted, state: RunState) -> None:
        self._wide = max(map(len, ["bringup", *state.tasks]))
        self._prefixes = {
            id_: self._style.task(id_.ljust(self._wide) + " │", i) for i, id_ in enumerate(state.tasks)
        }
        name = self._style(one_line(event.title or event.plan), "strong")
        where = event.environment + (f" on {event.where}" if event.hosts else "")
        self._run_line(event, f"{name} · {where} · {event.mode} · run {event.run}")
        for line in event.note.splitlines():
            self._run_line(event, self._style(one_line(line), "warning"))

    def _cancel_requested(self, event: e.CancelRequested, _: RunState) -> None:
        text = "stopping" if event.task else "stopping everything; once more (Ctrl-C) kills it"
        self._line(event.at, event.task, self._style(f"⊘ {text}", "cancelled"))

    def _task_kept(self, event: e.TaskKept, _: RunState) -> None:
        text = f"✓ done by run {event.run}" if event.run else "✓ taken as done"
        self._line(event.at, event.task, self._style(text, "dim"))

    def _task_finished(self, event: e.TaskFinished, state: RunState) -> None:
        task = state.tasks[event.task]
        text = f"{GLYPHS[event.outcome]} {one_line(task.title)} {event.outcome}"
        if event.outcome == "skipped":
            text += f": it needs {one_line(state.tasks[event.because].title)}" if event.because else ""
        elif task.attempts:
            text += f", {seconds(task.seconds(event.at))}"
        self._line(event.at, event.task, self._style(text, event.outcome))

    def _attempt_started(self, event: e.AttemptStarted, state: RunState) -> None:
        again = f", attempt {event.attempt}" if event.attempt > 1 else ""
        task = state.tasks[event.task]
        where = f" on {task.host}" if task.host else ""
        self._line(event.at, event.task, self._style(f"▶ {one_line(task.title)}{where}{again}", "strong"))

    def _attempt_finished(self, event: e.AttemptFinished, _: RunState) -> None:
        if event.failure is None:
            return
        failure = event.failure
        told = title_and_cause(one_line(failure.title), one_line(failure.cause))
        self._line(event.at, event.task, self._style(f"✗ {told}", "failed"))
        if failure.hint:
            self._line(event.at, event.task, f"  hint: {one_line(failure.hint)}")

    def _retry_scheduled(self, event: e.RetryScheduled, _: RunState) -> None:
        text = f"↻ retried in {seconds(event.delay)}, as the plan has {event.signature!r} retried"
        self._line(event.at, event.task, self._style(text, "warning"))

    def _step_started(self, event: e.StepStarted, state: RunState) -> None:
        steps = len(state.tasks[event.task].steps)
        count = f"{event.step + 1}/{steps} " if steps > 1 else ""
        self._line(event.at, event.task, f"→ {count}{one_line(event.title)}")

    def _step_finished(self, event: e.StepFinished, state: RunState) -> None:
        attempt = state.tasks[event.task].attempt
        took = seconds(event.at - attempt.steps[-1].started) if attempt and attempt.steps else ""
        already = "" if event.changed else "unchanged: "
        note = f" · {already}{one_line(event.note)}" if event.note or already else ""
        self._line(
            event.at, event.task, self._style(f"✓ {event.step + 1} took {took}{note}".rstrip(": "), "dim")
        )

    def _prefetch_started(self, event: e.PrefetchStarted, state: RunState) -> None:
        count = f"{event.step + 1}/{len(state.tasks[event.task].steps)}"
        self._line(event.at, event.task, f"⇢ {count} {one_line(event.title)}, ahead of its place")

    def _prefetch_finished(self, event: e.PrefetchFinished, state: RunState) -> None:
        ahead = state.tasks[event.task].prefetches
        took = seconds(event.at - ahead[-1].started) if ahead else ""
        note = f" · {'' if event.changed else 'unchanged: '}{one_line(event.note)}" if event.note else ""
        if event.outcome == "succeeded":
            text = self._style(f"✓ {event.step + 1} took {took} ahead of its place{note}", "dim")
        elif event.outcome == "failed":
            text = f"{event.step + 1} did not succeed ahead of its place, where it runs again{note}"
            text = self._style(f"! {text}", "warning")
        else:
            text = self._style(f"⊘ {event.step + 1} stopped ahead of its place", "cancelled")
        self._line(event.at, event.task, text)

    def _output(self, event: e.Output, _: RunState) -> None:
        source = self._style(f"{one_line(event.source)} │ ", "dim") if event.source else ""
        self._line(event.at, event.task, *(source + self._style.clean(line) for line in event.lines))

    def _warned(self, event: e.Warned, _: RunState) -> None:
        self._line(event.at, event.task, self._style(f"! {one_line(event.text)}", "warning"))


class JsonLines:
    """Prints each event as a line of JSON, the last one with what the run leaves behind; see `Printer`."""

    def __init__(self, out: TextIO, stands: Callable[[], Stands]) -> None:
        self._out = out
        self._stands = stands

    def show(self, event: e.Event, state: RunState) -> None:
        """Print an event."""
        line = encode(event).decode()
        if isinstance(event, e.RunFinished) and state.started is not None:
            line = json.dumps(json.loads(line) | self._left(state.started), ensure_ascii=False)
        self._out.write(line + "\n")
        self._out.flush()

    def _left(self, started: e.RunStarted) -> dict[str, Any]:
        """Return what can be used of the run now; a rehearsal leaves nothing."""
        stands = self._stands() if started.environment != REHEARSAL else Stands()
        return {
            "run": started.run,
            "kubeconfig": stands.kubeconfig or None,
            "kubeconfigs": list(stands.kubeconfigs),
            "endpoints": [{"name": name, "url": url} for name, url in stands.endpoints],
            "forwards": [{"name": name, "address": address or None} for name, address in stands.forwards],
        }

    def beat(self, now: float, state: RunState) -> None:
        """Print nothing."""

    def say(self, text: str) -> None:
        """Print nothing."""


def _at_work(attempt: AttemptState, now: float) -> str:
    """Return what an attempt is at, and for how long."""
    if not attempt.steps or attempt.finished is not None:
        return "waits to be retried"
    step = attempt.steps[-1]
    parts = [f"{step.title}, {seconds(now - step.started)}"]
    if attempt.progress is not None:
        said = attempt.progress
        parts.append(" ".join(filter(None, (said.what, amount(said.done, said.total, said.unit)))))
    open_ = [span for span in attempt.spans if span.finished is None and span.name != "step"]
    parts += [f"{span.name} {span.subject} {seconds(now - span.started)}" for span in open_[-3:]]
    return " · ".join(parts)
