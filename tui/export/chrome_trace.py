"""A run in Chrome's trace format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

Tasks are threads. On one track slices must nest, so that spans which overlap get tracks of their own below.
"""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tui.export.export import Export
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.export.exported_run import ExportedRun
    from tui.run.state import TaskState

Event = dict[str, Any]
_PROCESS = 1


T = TypeVar("T", bound=tuple[Any, ...])


class _Slice(NamedTuple):
    """An interval with a name, in whole microseconds."""

    start: int
    end: int
    name: str
    category: str
    args: dict[str, Any]


def stacked(slices: Iterable[T]) -> list[list[T]]:
    """Return slices on as few tracks as a simple rule finds, on each of which they nest or follow each other.

    Args:
        slices: Tuples that begin with a start and an end.
    """
    tracks: list[list[T]] = []
    ends: list[list[int]] = []  # of the slices of each track that are open, the outermost first
    # Of those that begin at once, the longer one is around the other.
    for each in sorted(slices, key=lambda each: (each[0], -each[1])):
        for track, open_ in zip(tracks, ends, strict=True):
            while open_ and open_[-1] <= each[0]:
                open_.pop()
            if not open_ or each[1] <= open_[-1]:
                track.append(each)
                open_.append(each[1])
                break
        else:
            tracks.append([each])
            ends.append([each[1]])
    return tracks


def write(run: ExportedRun) -> bytes:
    """Return the trace; times are in microseconds since the run began."""
    document = {
        "traceEvents": list(_events(run)),
        "displayTimeUnit": "ms",
        "otherData": {**run.facts, "verdict": run.verdict[1], "note": "; ".join(run.remarks)},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _events(run: ExportedRun) -> Iterator[Event]:
    yield _meta("process_name", 0, name=f"{run.title} · run {run.started.run}")
    numbers = count(1)
    first: dict[str, int] = {}
    for task in run.state.tasks.values():
        for i, track in enumerate(stacked(_slices(run, task)) or [[]]):
            number = next(numbers)
            first.setdefault(task.id, number)
            title = one_line(task.title) + (f" · {i + 1}" if i else "")
            yield _meta("thread_name", number, name=title)
            yield _meta("thread_sort_index", number, sort_index=number)
            for each in track:
                yield {
                    "ph": "X", "pid": _PROCESS, "tid": number, "ts": each.start,
                    "dur": each.end - each.start, "name": each.name, "cat": each.category, "args": each.args,
                }  # fmt: skip
    yield from _flows(run, first)
    yield from _counters(run)


def _meta(kind: str, track: int, **args: Any) -> Event:
    return {"ph": "M", "pid": _PROCESS, "tid": track, "name": kind, "args": args}


def _slices(run: ExportedRun, task: TaskState) -> Iterator[_Slice]:
    for ahead in task.prefetches:
        start, stop = _micro(ahead.started), _micro(ahead.end(run.now))
        what = {"note": one_line(ahead.note), "step": ahead.step + 1, "outcome": ahead.outcome or "running"}
        yield _Slice(start, stop, f"ahead: {one_line(ahead.title)}", "ahead", what)
    for attempt in task.attempts:
        end = attempt.end(run.now)
        args: dict[str, Any] = {
            "task": task.id,
            "attempt": attempt.attempt,
            "outcome": attempt.outcome or run.word(task),
            "critical": task.id in run.critical,
        }
        if attempt.failure:
            args |= {"cause": one_line(attempt.failure.cause), "hint": one_line(attempt.failure.hint)}
        yield _Slice(_micro(attempt.started), _micro(end), one_line(task.title), "task", args)
        for step in attempt.steps:
            what = {"note": one_line(step.note), "changed": step.changed, "cpu_seconds": step.cpu}
            stop = _micro(run.ended(step, attempt))
            yield _Slice(_micro(step.started), stop, one_line(step.title), "step", what)
        for span in attempt.spans:
            stop = _micro(end if span.finished is None else span.finished)
            name = one_line(f"{span.name} {span.subject}".strip())
            yield _Slice(_micro(span.started), stop, name, "span", {"step": span.step + 1})


def _flows(run: ExportedRun, tracks: dict[str, int]) -> Iterator[Event]:
    """Yield an arrow from the end of each need to the start of what needed it."""
    ids = count(1)
    for task in run.state.tasks.values():
        for need in (run.state.tasks.get(id_) for id_ in task.needs):
            if need is None or not (need.attempts and task.attempts):
                continue
            last, start = need.attempts[-1], _micro(task.attempts[task.earlier - len(task.attempts)].started)
            # An arrow belongs to the slice that it begins in, which its very end is not.
            end = max(_micro(last.end(run.now)) - 1, _micro(last.started))
            if end > start:
                continue
            common = {"pid": _PROCESS, "name": "needs", "cat": "needs", "id": next(ids)}
            yield {**common, "ph": "s", "tid": tracks[need.id], "ts": end}
            yield {**common, "ph": "f", "bp": "e", "tid": tracks[task.id], "ts": start}


def _counters(run: ExportedRun) -> Iterator[Event]:
    """Yield what each host was busy with, where that was measured."""
    for host, samples in run.state.samples.items():
        for sample in samples:
            common = {"ph": "C", "pid": _PROCESS, "ts": _micro(sample.at)}
            where = f" of {one_line(host)}" if host else ""
            yield {**common, "name": f"busy cores{where}", "args": {"cores": round(sample.machine.cpu, 3)}}
            yield {**common, "name": f"memory{where}", "args": {"MiB": round(sample.machine.memory)}}


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)


EXPORT = Export("trace.json", "a trace for Perfetto: tasks as threads, needs as arrows", write)
