"""What is wrong with the charts and values that a plan installs: what helm would refuse, minutes later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tui.plan.contents import held_instead
from tui.plan.faults import PlanError
from tui.plan.kubectl_yaml import read_values
from tui.plan.lint.commands import script_of
from tui.plan.manifests import read_bytes
from tui.plan.steps import HelmInstall
from tui.plan.steps.command import ProgramStep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.plan.lint.remark import Remark, StepAt, Subject

_GZIP = b"\x1f\x8b"


def broken_charts(subject: Subject) -> Iterator[Remark]:
    """Remark on charts and files of values that are there and that helm cannot take.

    A command of the plan may write them anew first; so it is no error of the plan.
    """
    for at in subject.steps:
        if not isinstance(at.step, HelmInstall):
            continue
        found = [*_values(at.step.files)]
        if at.step.path is not None:
            chart = subject.loaded.plan.folder_of(at.step) / at.step.path
            found += _directory(chart, fetched=_fetches(subject, at)) if chart.is_dir() else _archive(chart)
        for text, hint in found:
            yield subject.remark(at, "chart-broken", text, hint)


def _fetches(subject: Subject, at: StepAt) -> bool:
    """Return whether a command before a step may fetch its chart's dependencies."""
    return any(
        isinstance(other.step, ProgramStep) and "helm" in script_of(other.step) and subject.before(other, at)
        for other in subject.steps
    )


def _archive(chart: Path) -> Iterator[tuple[str, str]]:
    beginning = read_bytes(chart)[:256] if chart.is_file() else _GZIP
    if not beginning.startswith(_GZIP):
        held = held_instead(beginning)
        hint = held.hint if held else "fetch it again (`helm pull`), or make it (`helm package`)"
        yield f"{chart} {held.cause if held else 'is no archive of a chart'}", hint


def _directory(chart: Path, *, fetched: bool) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a chart's directory, each with what to do."""
    file = chart / "Chart.yaml"
    if not file.is_file():
        yield f"{chart} has no Chart.yaml", _where(chart)
        return
    try:
        about = next((value for _, value in read_values(read_bytes(file), str(file))), None)
    except PlanError as error:
        yield from _told(error)
        return
    about = about if isinstance(about, dict) else {}
    for key in ("name", "version"):
        if not about.get(key):
            yield f"{file} has no {key}", f"add `{key}: …`: helm takes no chart without"
    if about.get("type") == "library":
        yield f"{chart} is a library", "name the chart that uses it: a library has only templates for others"
    lacking = [] if fetched else [*_lacking(chart, about)]
    if lacking:
        text = f"{chart} lacks charts that it depends on: {', '.join(lacking)}"
        yield text, f"fetch them by a `command` step before: helm dependency build {chart.name}"
    if (values := chart / "values.yaml").is_file():
        yield from _values((values,))


def _where(chart: Path) -> str:
    """Return what to do about a directory that has no Chart.yaml."""
    inner = sorted(chart.glob("*/Chart.yaml"))
    if inner:
        return f"name the chart's own directory: {inner[0].parent.name} in it is one"
    other = [each.name for each in chart.iterdir() if each.name.lower() in {"chart.yaml", "chart.yml"}]
    return f"rename its {other[0]} to Chart.yaml" if other else "name the directory that has it"


def _lacking(chart: Path, about: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the charts that a chart depends on and does not hold."""
    dependencies, held = about.get("dependencies"), chart / "charts"
    for each in dependencies if isinstance(dependencies, list) else ():
        name = str(each.get("name", "")) if isinstance(each, dict) else ""
        named = rf"(?m)^name:\s*[\"']?{re.escape(name)}[\"']?\s*$"
        charts = (file.read_text("utf-8", "replace") for file in held.glob("*/Chart.yaml"))
        if name and not any(held.glob(f"{name}-*.tgz")) and not any(re.search(named, one) for one in charts):
            yield name


def _values(files: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with files of values."""
    for file in files:
        try:
            values = read_values(read_bytes(file), str(file)) if file.is_file() else []
        except PlanError as error:
            yield from _told(error)
            continue
        if values and not isinstance(values[0][1], dict):
            yield f"{file} holds no values", "write it as a mapping: name: value"


def _told(error: PlanError) -> Iterator[tuple[str, str]]:
    for fault in error.faults:
        yield f"{fault.place}: {fault.cause}", fault.hint or "correct the file"
