"""A run as a JUnit report, which CI systems show as tests: a test case for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from tui.export.export import Export
from tui.export.exported_run import last_lines
from tui.export.text import valid
from tui.run.work_time import busy, work_time
from tui.text import one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.export.exported_run import ExportedRun
    from tui.run.state import TaskState


def write(run: ExportedRun) -> bytes:
    """Return the report. Failed is a failure, cancelled or cut off an error, skipped or left out skipped."""
    cases = [_case(run, task) for task in run.state.tasks.values()]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
        "time": f"{work_time(busy(run.state, run.now)):.3f}",
    }
    values = {"name": run.title, **{name: str(value) for name, value in counts.items()}}
    root = Xml.Element("testsuites", values)
    suite = Xml.SubElement(
        root, "testsuite", {**values, "timestamp": f"{run.began:%Y-%m-%dT%H:%M:%S}", "id": run.started.run}
    )
    properties = Xml.SubElement(suite, "properties")
    for name, value in [*run.facts.items(), ("verdict", run.verdict[1]), *(("note", r) for r in run.remarks)]:
        Xml.SubElement(properties, "property", {"name": name, "value": value})
    suite.extend(cases)
    for element in root.iter():
        element.attrib = {name: valid(value) for name, value in element.attrib.items()}
        element.text = valid(element.text) if element.text else None
    Xml.indent(root)
    written: bytes = Xml.tostring(root, "utf-8", xml_declaration=True)
    return written + b"\n"


def _case(run: ExportedRun, task: TaskState) -> Xml.Element:
    phase = run.started.phases[task.phase]
    case = Xml.Element(
        "testcase",
        {
            "classname": f"{run.started.plan}.{phase.id}",
            "name": one_line(task.title),
            "time": f"{task.seconds(run.now):.3f}",
        },
    )
    word = run.word(task)
    failure = task.attempt.failure if task.attempt else None
    if word == "failed":
        message = failure.cause if failure else "it failed"
        element = Xml.SubElement(case, "failure", {"message": one_line(message), "type": _kind(task)})
        element.text = "\n".join(_story(task))
    elif word in {"cancelled", "cut off"}:
        Xml.SubElement(case, "error", {"message": f"it was {word}", "type": word})
    elif word != "succeeded" and word != "kept":
        needed = run.state.tasks.get(task.because)
        reason = f"it needs {one_line(needed.title)}, which did not succeed" if needed else f"it is {word}"
        Xml.SubElement(case, "skipped", {"message": reason})
    if said := list(_said(run, task)):
        Xml.SubElement(case, "system-out").text = "\n".join(said)
    return case


def _kind(task: TaskState) -> str:
    """Return the kind of the step that failed, by which failures are grouped."""
    failure = task.attempt.failure if task.attempt else None
    step = failure.step if failure else 0
    return task.kinds[step] if 0 <= step < len(task.kinds) else "failure"


def _story(task: TaskState) -> Iterator[str]:
    failure = task.attempt.failure if task.attempt else None
    if failure is None:
        return
    yield f"step {failure.step + 1}: {one_line(failure.title)}"
    yield failure.cause
    if failure.hint:
        yield f"hint: {failure.hint}"
    yield from last_lines(failure)


def _said(run: ExportedRun, task: TaskState) -> Iterator[str]:
    """Yield what else there is to know: the steps' times, and attempts that failed before."""
    if task.kept:
        yield f"done by run {task.kept}"
    for attempt in task.attempts:
        if len(task.attempts) > 1:
            yield f"attempt {attempt.attempt}: {attempt.outcome or run.word(task)}"
        if attempt.failure and attempt is not task.attempt:
            yield f"  {one_line(attempt.failure.cause)}"
        for step in attempt.steps:
            note = f" · {one_line(step.note)}" if step.note else ""
            yield f"  {seconds(run.ended(step, attempt) - step.started)} {one_line(step.title)}{note}"


EXPORT = Export("xml", "a JUnit report, in which each task is a test case, for CI systems", write)
