"""A run as an OpenTelemetry trace, in OTLP's JSON encoding, with the names of the CI/CD conventions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tui.export.export import Export
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.export.exported_run import ExportedRun
    from tui.run.attempt_state import AttemptState
    from tui.run.events import Failure
    from tui.run.state import TaskState

INTERNAL, SERVER = 1, 2
UNSET, ERROR = 0, 2

RESULTS = {
    "succeeded": "success",
    "kept": "success",
    "not run": "skip",
    "skipped": "skip",
    "waiting": "skip",
    "failed": "failure",
    "cancelled": "cancellation",
    "cut off": "error",
}
"""The conventions' word for each of ours; what still runs has none."""

Span = dict[str, Any]


def write(run: ExportedRun) -> bytes:
    """Return the trace: spans for the run, its tasks, their attempts, the steps of these and their spans.

    Ids come from the run's, so that a trace that is sent again is the same trace.
    """
    resource = {
        "service.name": "bringup",
        "service.version": run.started.bringup,
        "os.type": run.started.machine.system.lower(),
        "cicd.pipeline.name": run.started.plan,
        "cicd.pipeline.run.id": run.started.run,
    }
    scope = {"name": "bringup", "version": run.started.bringup}
    spans = {"scope": scope, "spans": list(_spans(run))}
    document = {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [spans]}]}
    return json.dumps(document, separators=(",", ":")).encode()


def _spans(run: ExportedRun) -> Iterator[Span]:
    word = run.state.result or ("running" if run.running else "cut off")
    root = _Maker(run).root(word)
    yield root
    for task in run.state.tasks.values():
        yield from _Maker(run).task(task, root["spanId"])


class _Maker:
    """Makes the spans of a run."""

    def __init__(self, run: ExportedRun) -> None:
        self._run = run
        self._began = round(run.began.timestamp() * 1e9)

    def root(self, word: str) -> Span:
        """Return the span of the run itself."""
        run, started = self._run, self._run.started
        failed = next((_failure(task) for task in run.state.with_status("failed")), None)
        attributes = {
            "cicd.pipeline.action.name": "RUN",
            "cicd.pipeline.result": RESULTS.get(word),
            "error.type": _kind_of(word, failed),
            "bringup.purpose": started.purpose,
            "bringup.mode": run.facts["mode"],
            "bringup.environment": started.environment,
            "bringup.verdict": run.verdict[1],
            "bringup.note": "; ".join(run.remarks) or None,
            "bringup.resumed": started.resumed or None,
        }
        status = (ERROR, run.verdict[1]) if word not in {"succeeded", "running"} else (UNSET, "")
        return self._span((), "", f"RUN {started.plan}", (0.0, run.now), attributes, SERVER, status)

    def task(self, task: TaskState, parent: str) -> Iterator[Span]:
        """Yield the spans of a task, of which one that never ran has none, and of what ran ahead of it."""
        for i, early in enumerate(task.prefetches):
            what = {"bringup.task": task.id, "bringup.ahead": True, "bringup.note": early.note or None}
            times, at = (early.started, early.end(self._run.now)), (task.id, "ahead", str(i))
            yield self._span(at, parent, f"ahead: {early.title}", times, what, INTERNAL, (UNSET, ""))
        if not task.attempts:
            return
        run, word, failure = self._run, self._run.word(task), _failure(task)
        attributes = {
            "cicd.pipeline.task.name": task.title,
            "cicd.pipeline.task.run.id": f"{run.started.run}/{task.id}",
            "cicd.pipeline.task.run.result": RESULTS.get(word),
            "error.type": _kind_of(word, failure),
            "bringup.task": task.id,
            "bringup.phase": run.started.phases[task.phase].title,
            "bringup.host": task.host or None,
            "bringup.critical": task.id in run.critical,
            "bringup.attempts": len(task.attempts),
        }
        status = (ERROR, failure.cause if failure else word) if word in {"failed", "cut off"} else (UNSET, "")
        times = task.attempts[0].started, task.attempts[-1].end(run.now)
        span = self._span((task.id,), parent, task.title, times, attributes, INTERNAL, status)
        span["links"] = [
            {"traceId": span["traceId"], "spanId": self._id(need)}
            for need in task.needs
            if need in run.state.tasks and run.state.tasks[need].attempts
        ]
        yield span
        for attempt in task.attempts:
            yield from self._attempt(task, attempt, span["spanId"])

    def _attempt(self, task: TaskState, attempt: AttemptState, parent: str) -> Iterator[Span]:
        run, end = self._run, attempt.end(self._run.now)
        place = (task.id, str(attempt.attempt))
        word = attempt.outcome or run.word(task)
        failure = attempt.failure
        status = (ERROR, failure.cause) if failure else (UNSET, "")
        what: dict[str, Any] = {
            "bringup.attempt": attempt.attempt,
            "bringup.outcome": word,
            "error.type": _kind_of(word, failure),
            "bringup.hint": failure.hint or None if failure else None,
        }
        name = f"attempt {attempt.attempt}"
        span = self._span(place, parent, name, (attempt.started, end), what, INTERNAL, status)
        yield span
        ids: dict[int, str] = {}
        for step in attempt.steps:
            at = (*place, "step", str(step.step))
            ids[step.step] = self._id(*at)
            kind = task.kinds[step.step] if step.step < len(task.kinds) else None
            did: dict[str, Any] = {
                "bringup.step.kind": kind, "bringup.changed": step.changed, "bringup.note": step.note or None,
                "bringup.cpu_seconds": step.cpu,
            }  # fmt: skip
            failed = failure is not None and failure.step == step.step
            yield self._span(
                at, span["spanId"], step.title, (step.started, run.ended(step, attempt)), did, INTERNAL,
                status if failed else (UNSET, ""),
            )  # fmt: skip
        for each in attempt.spans:
            stop = end if each.finished is None else each.finished
            name = f"{each.name} {each.subject}".strip()
            at = (*place, "span", str(each.span))
            spent = {"bringup.span": each.name, "bringup.subject": each.subject or None}
            within = ids[each.step] if each.step in ids else span["spanId"]
            yield self._span(at, within, name, (each.started, stop), spent, INTERNAL, (UNSET, ""))

    def _span(
        self,
        place: tuple[str, ...],
        parent: str,
        name: str,
        times: tuple[float, float],
        attributes: Mapping[str, Any],
        kind: int,
        status: tuple[int, str],
    ) -> Span:
        code, message = status
        start, end = (str(self._began + round(time * 1e9)) for time in times)
        return {
            "traceId": _digest(self._run.started.run)[:32],
            "spanId": self._id(*place),
            **({"parentSpanId": parent} if parent else {}),
            "name": one_line(name),
            "kind": kind,
            "startTimeUnixNano": start,
            "endTimeUnixNano": end,
            "attributes": _attributes(attributes),
            "status": {"code": code, "message": one_line(message)} if code else {},
        }

    def _id(self, *place: str) -> str:
        return _digest("\0".join([self._run.started.run, *place]))[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _failure(task: TaskState) -> Failure | None:
    return task.attempt.failure if task.attempt else None


def _kind_of(word: str, failure: Failure | None) -> str | None:
    """Return what failures are grouped by: the known failure that it is, or its step's title."""
    if word == "cut off":
        return "cut off"
    if word != "failed":
        return None
    return (failure.signature or failure.title) if failure else "failure"


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": one_line(str(value))}


EXPORT = Export("otlp.json", "an OpenTelemetry trace in OTLP's JSON encoding; --to sends it", write)
