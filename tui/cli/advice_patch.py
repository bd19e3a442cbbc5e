"""Advice as a patch of the files that it is about: of the plan, of its manifests, of Dockerfiles."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from tui.insight.advice.finding import CopyLater, DropNeeds, RemoveLimit, SetProbe, SplitTask
from tui.plan import yaml_edit as edit
from tui.plan.steps import ImageBuild, KubernetesApply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import yaml

    from tui.insight.advice.finding import Change
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan

_COPIED = ("host", "retry")  # of a task, for the one that its steps are moved to
_MOST_BYTES = 4 << 20


def patch(change: Change, loaded: LoadedPlan, base: Path) -> str:
    """Return a change as a unified diff, for `git apply` or `patch -p1` in a directory.

    Args:
        change: The change.
        loaded: The plan.
        base: The directory; what is not below it cannot be patched.

    Returns:
        The diff; empty where a file is not there, or is written in a way that cannot be changed by itself.
    """
    diffs = []
    for path, before, after in _changed(change, loaded):
        if after is None or after == before:
            continue
        absolute = path.absolute()
        if not absolute.is_relative_to(base):
            return ""
        diffs.append(_diff(absolute.relative_to(base).as_posix(), before, after))
    return "".join(diffs)


def _changed(change: Change, loaded: LoadedPlan) -> Iterator[tuple[Path, str, str | None]]:
    """Yield each file with its text before and after the change."""
    if isinstance(change, SetProbe):
        for path in _manifests(loaded.plan):
            if (text := _read(path)) is not None:
                yield path, text, _with_probes(text, change.owners)
    elif isinstance(change, CopyLater):
        step = next(task for task in loaded.plan.tasks if task.id == change.task).steps[change.step]
        if isinstance(step, ImageBuild):
            path = step.dockerfile or step.context / "Dockerfile"
            if (text := _read(path)) is not None:
                files = [name for name in change.files if (step.context / name).is_file()]
                yield path, text, copied_later(text, change.install, files)
    elif (text := _read(loaded.path)) is not None:
        yield loaded.path, text, _plan_changed(change, text, loaded.plan)


def _plan_changed(change: RemoveLimit | DropNeeds | SplitTask, text: str, plan: Plan) -> str | None:
    root = next(iter(edit.compose(text)), None)
    if isinstance(change, RemoveLimit):
        return edit.without_key(text, root, "limit")
    if isinstance(change, DropNeeds):
        return _without_needs(text, plan, change)
    return _split(text, root, plan, change)


def _without_needs(text: str, plan: Plan, change: DropNeeds) -> str | None:
    for need in change.needs:
        root = next(iter(edit.compose(text)), None)
        changed = edit.without_item(text, _task(root, plan, change.task), "needs", need)
        if changed is None:
            return None
        text = changed
    return text


def _task(root: yaml.Node | None, plan: Plan, task: str) -> yaml.Node | None:
    for p, phase in enumerate(plan.phases):
        for t, each in enumerate(phase.tasks):
            if each.id == task:
                return edit.at(root, "phases", p, "tasks", t)
    return None


def _split(text: str, root: yaml.Node | None, plan: Plan, change: SplitTask) -> str | None:
    """Move steps into a task of their own at the end of the first phase."""
    node = _task(root, plan, change.task)
    taken = edit.take_items(text, edit.child(node, "steps"), change.steps)
    if taken is None or node is None:
        return None
    copied = [edit.key_lines(text, node, key) for key in _COPIED]
    without, items = taken
    root = next(iter(edit.compose(without)), None)
    needing = edit.with_item(without, _task(root, plan, change.task), "needs", change.new)
    if needing is None:
        return None
    root = next(iter(edit.compose(needing)), None)
    last = edit.at(root, "phases", 0, "tasks", len(plan.phases[0].tasks) - 1)
    if last is None or needing.splitlines()[last.start_mark.line][: last.start_mark.column].strip() != "-":
        return None
    column = last.start_mark.column
    end = "\r\n" if "\r\n" in text else "\n"
    new = [f"{' ' * (column - 2)}- id: {change.new}{end}"]
    for lines in copied:
        new += edit.indented(lines, column)
    new.append(f"{' ' * column}steps:{end}")
    for lines in items:
        new += edit.indented(lines, column + 2)
    changed = edit.after(needing, last, new)
    return changed if _has_task(changed, change) else None


def _has_task(text: str, change: SplitTask) -> bool:
    """Return whether a changed plan still reads as meant."""
    root = next(iter(edit.compose(text)), None)
    tasks = edit.at(root, "phases", 0, "tasks")
    last = edit.child(tasks, len(tasks.value) - 1) if tasks is not None else None
    steps = edit.child(last, "steps")
    return (
        edit.text_of(edit.child(last, "id")) == change.new
        and steps is not None
        and len(steps.value) == len(change.steps)
    )


def _manifests(plan: Plan) -> Iterator[Path]:
    """Yield the manifests of a plan that are files."""
    for step in (step for task in plan.tasks for step in task.steps if isinstance(step, KubernetesApply)):
        for manifest in step.manifests:
            if not isinstance(manifest, str) or manifest.startswith(("http://", "https://")):
                continue
            path = plan.folder / manifest
            if path.is_dir():
                yield from sorted((*path.rglob("*.yaml"), *path.rglob("*.yml")))
            elif any(mark in path.name for mark in "*?["):
                yield from sorted(path.parent.glob(path.name))
            else:
                yield path


def _with_probes(text: str, owners: Sequence[str]) -> str | None:
    """Have the readiness probes of some rollouts look from the start and every second."""
    wanted = {tuple(owner.split("/", 1)) for owner in owners}
    for i in range(len(edit.compose(text))):
        document = edit.compose(text)[i]
        kind = edit.text_of(edit.child(document, "kind")).lower()
        if (kind, edit.text_of(edit.at(document, "metadata", "name"))) not in wanted:
            continue
        containers = edit.at(document, "spec", "template", "spec", "containers")
        for number in range(len(containers.value) if containers is not None else 0):
            place = ("spec", "template", "spec", "containers", number, "readinessProbe")
            for key, value, add in (("initialDelaySeconds", "0", False), ("periodSeconds", "1", True)):
                probe = edit.at(edit.compose(text)[i], *place)
                text = edit.with_value(text, probe, key, value, add=add) or text
    return text


def copied_later(text: str, install: str, files: Sequence[str]) -> str | None:
    """Change a Dockerfile: copy the files that an instruction needs ahead of it, and the rest after it.

    Args:
        text: The Dockerfile.
        install: The instruction, as the build told it.
        files: The files.

    Returns:
        It changed; None where it is written in a way that this does not know.
    """
    blocks = _instructions(text)
    wanted = " ".join(install.split())
    place = next((i for i, block in enumerate(blocks) if _said(block).startswith(wanted)), None)
    if place is None or not files:
        return None
    copies = [i for i, block in enumerate(blocks[:place]) if re.match(r"(?i)(COPY|ADD)\s", block.lstrip())]
    if not copies or any(re.match(r"(?i)RUN\s", b.lstrip()) for b in blocks[copies[-1] + 1 : place]):
        return None
    copy = blocks[copies[-1]]
    *head, source, target = copy.split()
    if source not in {".", "./", "*"}:
        return None
    directory = target if target.endswith("/") else f"{target}/"
    first = f"{' '.join((*head, *files, directory))}\n"
    blocks[place] = f"{blocks[place].rstrip()}\n{copy.rstrip()}\n"
    blocks[copies[-1]] = first
    return "".join(blocks)


def _instructions(text: str) -> list[str]:
    """Return a Dockerfile's instructions with their continued lines, and other lines on their own."""
    blocks: list[str] = []
    goes_on = False
    for line in text.splitlines(keepends=True):
        comment = line.lstrip().startswith("#") or not line.strip()
        if goes_on:
            blocks[-1] += line
        else:
            blocks.append(line)
        goes_on = line.rstrip().endswith("\\") or (goes_on and comment)
    return blocks


def _said(block: str) -> str:
    """Return an instruction as a build tells it: on one line."""
    lines = [line for line in block.splitlines() if not line.lstrip().startswith("#")]
    return " ".join(" ".join(line.rstrip().removesuffix("\\") for line in lines).split())


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8")
    except (OSError, ValueError):
        return None


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
